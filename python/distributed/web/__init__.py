"""The status page, its JSON and `/metrics`: an ASGI app that a service can mount too."""
