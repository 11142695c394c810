"""Two models for one answer: the small one is asked first, and the giant where that answer looks wrong."""
