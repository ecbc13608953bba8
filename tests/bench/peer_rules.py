"""The rules of rules.yaml as the peers' scripts want them."""

TYPES = {"id": "BIGINT", "event_ts": "TIMESTAMP", "signup_date": "DATE", "age": "INTEGER",
         "income": "DOUBLE", "score": "DOUBLE", "lat": "DOUBLE", "lon": "DOUBLE",
         "balance": "DOUBLE", "clicks": "INTEGER", "country": "VARCHAR", "plan": "VARCHAR",
         "is_active": "VARCHAR", "device": "VARCHAR", "email": "VARCHAR", "session_id": "VARCHAR",
         "emb": "DOUBLE", "z": "DOUBLE", "comment": "VARCHAR", "label": "INTEGER"}
REQUIRED = [c for c in TYPES if c not in ("age", "income", "device", "comment")]
RANGES = {"age": (18, 120), "income": (0, 10000000), "score": (0, 1), "lat": (-90, 90),
          "lon": (-180, 180), "balance": (-1000000, 1000000), "clicks": (0, 1000),
          "emb": (-10, 10), "z": (-50, 50)}
SETS = {"country": """US DE FR GB IN BR JP CN CA AU ES IT NL SE NO FI DK PL CZ AT CH BE PT IE GR
                   RO HU BG HR SK MX AR CL CO PE ZA EG NG KE TR""".split(),
        "plan": ["free", "basic", "pro", "enterprise"],
        "is_active": ["true", "false"],
        "device": ["ios", "android", "web", "tablet", "desktop", "tv"],
        "label": [0, 1]}
PATTERNS = {"email": r"^[a-z0-9._]+@[a-z0-9.]+\.[a-z]+$", "session_id": "^[0-9a-f]{16}$"}
MOST_MISSING = {"income": 0.1}
ROWS = (1000, 100000000)
