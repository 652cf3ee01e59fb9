//! Which sockets exist, whose are they, and how well is each connection doing.
