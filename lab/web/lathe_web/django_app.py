"""Plain REST in Django."""

import django
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from . import detector

settings.configure(
    # Whoever reaches the port may name the machine as he likes.
    ALLOWED_HOSTS=["*"],
    # Its own 2.5 MB is less than a photograph's pixels as JSON lists.
    DATA_UPLOAD_MAX_MEMORY_SIZE=1 << 29,
    DEBUG=False,
    LOGGING_CONFIG=None,
    MIDDLEWARE=[],
    ROOT_URLCONF=__name__,
    SECRET_KEY="nothing is signed",
)
django.setup()
detector.load()


def _json(status_and_text):
    status, text = status_and_text
    return HttpResponse(text, content_type="application/json", status=status)


def predict(request, model, version=None):
    return _json(detector.answer(model, version, request.body))


def health(request):
    return _json(detector.health())


urlpatterns = [
    path("predict/<str:model>", predict),
    path("predict/<str:model>/<int:version>", predict),
    path("health", health),
]
app = get_wsgi_application()
