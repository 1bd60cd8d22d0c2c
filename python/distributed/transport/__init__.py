"""Connections, frames, requests and replies: TCP, and the router of messages to handlers."""
