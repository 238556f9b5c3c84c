"""Plain REST in Flask."""

from flask import Flask, Response, request

from . import detector

detector.load()
app = Flask(__name__)


def _json(status_and_text):
    status, text = status_and_text
    return Response(text, status, mimetype="application/json")


@app.post("/predict/<model>")
@app.post("/predict/<model>/<int:version>")
def predict(model, version=None):
    return _json(detector.answer(model, version, request.get_data(cache=False)))


@app.get("/health")
def health():
    return _json(detector.health())
