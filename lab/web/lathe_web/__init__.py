"""Models behind plain REST, in one of three web frameworks."""
