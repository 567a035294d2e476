"""How far each score can be trusted, on whole spaces, written from a live service."""
