"""The usual way to serve a scikit-learn model: FastAPI, pydantic, joblib, one uvicorn worker.

MODEL=model.joblib uvicorn fastapi_server:app --port 8000
"""

import os
from typing import Optional

import joblib
import pandas as pd
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["MODEL"])


class Flight(BaseModel):
    distance: float
    sched_dep_time: float
    sched_arr_time: float
    temp: Optional[float] = None
    wind_speed: Optional[float] = None
    precip: Optional[float] = None
    pressure: Optional[float] = None
    visib: Optional[float] = None
    backlog: Optional[float] = None
    carrier: str
    origin: str
    dest: str
    day_of_week: str


@app.post("/predict")
def predict(flight: Flight):
    row = pd.DataFrame([flight.model_dump()])
    probabilities = model.predict_proba(row)[0]
    return {"prediction": int(model.classes_[probabilities.argmax()]),
            "probabilities": probabilities.tolist()}
