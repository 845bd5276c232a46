"""The core of live sessions: values, the generated table, and one step."""
