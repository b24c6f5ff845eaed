/** What `claw nightly --init` writes: a plan that runs as it is, and says what else there is. */
export const EXAMPLE_PLAN = `# What claw measures every night: claw nightly nightly.yaml
schema: openclaw.nightly/1

# The pinned control: a model and a configuration that nobody changes. Every job is
# measured in turns with it, so that a slower machine is not mistaken for a slower model;
# when the control itself moves, the night says "environment changed" and judges nothing.
control:
  target: inspection          # a suite's name, or the path of an .onnx file (from this file's folder)
  config: default             # default, or a JSON file of knobs; or tuned: release/tuned.json
                              # (which names its own target) instead of both
  # data: control.npz         # its inputs by name; without it seeded random ones
  # dims: {seq: 128}          # sizes of symbolic dimensions

# When jobs with a budget are tuned again: never, on-change (of the model, the runtime or
# the host), or every N nights.
retune: never

blocks: 6                     # blocks of four trials a measurement: more are slower and surer
trial: 500ms                  # how long each trial measures

jobs:
  - name: inspection          # names the job in the page, in JUnit and in its history
    target: inspection
    budget: 1m                # tuned on the first night with this budget; instead of it:
    # tuned: models/tuned.json  #   a result of claw tune, which names its own target, or
    # config: default           #   default, or a JSON file of knobs
    objective: qps            # what is tracked: qps, latency (p99) or energy (needs a sensor)
    constraints:              # what must hold beside it; a broken one is a regression
      p99: 500ms              # p50, p90, p95, p99
      memory: 4GiB
      # accuracy: 0.95        # needs labels in the data
      # power: 15W            # needs a sensor
    scenario: closed-loop     # or single-stream, multi-stream, offline, server
    # rate: 100               # server: queries per second
    # release: 2026-01-31     # day of the release that a slow creep is held against;
    #                         # without it the first ten nights are
    # seed: 1
`;
