"""Starts the server: python3 -m lathe_web flask | django | fastapi. Settings are variables (see detector.py and gunicorn_settings.py)."""

import os
import sys

PORT = 8000
# Seconds: clients keep connections between calls, and a server that closes them first makes calls fail.
KEEP_ALIVE = 75
# Seconds that calls under way have when the server is told to end.
GRACE = 5


def main(framework):
    if framework in ("flask", "django"):
        from gunicorn.app.wsgiapp import run

        sys.argv = ["gunicorn", "-c", "python:lathe_web.gunicorn_settings", f"lathe_web.{framework}_app:app"]
        run()
    elif framework == "fastapi":
        import uvicorn

        uvicorn.run(
            "lathe_web.fastapi_app:app",
            host="0.0.0.0",
            port=PORT,
            workers=int(os.environ.get("WEB_CONCURRENCY", "1")),
            access_log=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
    else:
        sys.exit(f"{framework}: no such framework, expected flask, django or fastapi")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
