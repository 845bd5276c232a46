"""The session manager's face: its two actions, its log, and a worker that shows how a session_id is passed on."""
