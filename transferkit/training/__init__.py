"""One loop; losses, strategies and references are data passed to it."""
