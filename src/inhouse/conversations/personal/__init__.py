"""Personal data in people's words: found by kind, and taken out before anything leaves the fence."""
