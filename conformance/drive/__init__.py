"""The only room that touches a network: how a run speaks to its target, and what that target takes."""
