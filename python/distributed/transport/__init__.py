"""Connections, frames, requests and replies; the TCP implementation and the router of messages to handlers."""
