/** What a process replica's program finds open when it starts. */

/** A stream both ways: requests in, replies out. */
export const REQUESTS_FD = 3;
/** The shared memory that tensors lie in. */
export const ARENA_FD = 4;

/** The name of that memory in /proc/PID/maps. */
export const ARENA_LABEL = 'openclaw-arena';
