/** Exit codes beside 0 and 1: scripts tell by them what to do next. */
export const EXIT = Object.freeze({
  usage: 2,
  /** No arm, or no host, meets the constraints. */
  nothingFeasible: 4,
});
