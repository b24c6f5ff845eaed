/** What the nightly page shows, decided elsewhere: the page only draws it. */

/** How a night or a job ended, as its exit code says. */
export type NightStatus = 'ok' | 'regressed' | 'invalid' | 'inconclusive';

/** A figure with its 95 % interval; a side is null where nothing bounds it. */
export interface RatioRange {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** One night of one job that has figures. */
export interface TrendPoint {
  /** Of the night's start, ISO 8601 in UTC. */
  readonly startedAt: string;
  /** Candidate against control: more is better, whatever the metric. */
  readonly ratio: RatioRange;
  readonly status: NightStatus;
  readonly summary: string;
  /** That night's report, relative to the page. */
  readonly href: string;
}

/** A night of one job without figures. */
export interface TrendGap {
  readonly startedAt: string;
  readonly summary: string;
  readonly href: string;
}

/** Where the level changed, and what else changed on that night. */
export interface TrendChange {
  readonly startedAt: string;
  /** Relative change of the level: -0.05 for 5 % less. */
  readonly change: number;
  readonly causes: readonly string[];
}

/** What changed about the machine or the versions between two nights. */
export interface TrendMark {
  readonly startedAt: string;
  readonly texts: readonly string[];
}

export interface TrendJob {
  readonly name: string;
  /** `throughput`, `p99`: what the ratio is of. */
  readonly metric: string;
  readonly status: NightStatus;
  /** The verdict of the last night, in words. */
  readonly summary: string;
  readonly points: readonly TrendPoint[];
  readonly gaps: readonly TrendGap[];
  readonly changes: readonly TrendChange[];
  readonly marks: readonly TrendMark[];
  /** The frozen release; null until there are nights enough. */
  readonly baseline: { readonly ratio: number; readonly until: string } | null;
}

export interface TrendPageInput {
  readonly planPath: string;
  readonly host: string;
  /** When the last night began, ISO 8601 in UTC. */
  readonly startedAt: string;
  /** Whether that night ended by itself. */
  readonly finished: boolean;
  readonly nights: number;
  readonly jobs: readonly TrendJob[];
}
