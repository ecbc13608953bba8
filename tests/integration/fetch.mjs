// fetch.mjs URL: Node's fetch: JSON, lines, an error, a kept connection used at the same time.
import assert from "node:assert";

const url = "http://" + process.argv[2];
const row = {a: 0.25, b: 1, c: "red"};
const post = (body, type = "application/json") =>
  fetch(url + "/predict", {method: "POST", body, headers: {"Content-Type": type}});

const one = await (await post(JSON.stringify(row))).json();
assert.strictEqual(one.prediction, false);
assert.ok(Math.abs(one.probabilities.True - 0.3676487212410129) < 1e-15);
const lines = await (await post(`${JSON.stringify(row)}\n[3,0.5,"violet"]\n`,
                                "application/x-ndjson")).text();
assert.strictEqual(lines, '{"prediction":false}\n{"prediction":true}\n');
const bad = await post('{"a":1}');
assert.strictEqual(bad.status, 400);
assert.match((await bad.json()).error, /feature "b" and 1 more are missing/);
const many = await Promise.all(Array.from({length: 200}, () => post(JSON.stringify([row]))));
for (const answer of many)
  assert.deepStrictEqual(await answer.json(), {predictions: [false]});
console.log("node: fetch, 203 requests");
