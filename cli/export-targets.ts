/** Named without loading the targets: help must be quick. A test compares them. */
export const TARGET_NAMES =
  'node, ort-python, ort-cpp, triton, kserve, kubernetes, compose, systemd, env, optuna, mlflow';
