"""Plain REST in FastAPI."""

import contextlib

import anyio
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool

from . import detector

detector.load()


@contextlib.asynccontextmanager
async def _threads(_):
    anyio.to_thread.current_default_thread_limiter().total_tokens = detector.THREADS
    yield


app = FastAPI(openapi_url=None, lifespan=_threads)


def _json(status_and_text):
    status, text = status_and_text
    return Response(text, status, media_type="application/json")


@app.post("/predict/{model}")
@app.post("/predict/{model}/{version}")
async def predict(request: Request, model: str, version: int | None = None):
    # The body is read on the loop; parsing and TensorFlow are not.
    return _json(await run_in_threadpool(detector.answer, model, version, await request.body()))


@app.get("/health")
async def health():
    return _json(detector.health())
