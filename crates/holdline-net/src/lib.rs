//! The Holdline codecs on std sockets: an event loop for servers, and blocking connections over any Read + Write
