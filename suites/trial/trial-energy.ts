import { energyFigures, type EnergyFigure, type EnergyWarning } from '../../hosts/power/energy.ts';
import { pickEnergy } from '../../hosts/power/pick-energy.ts';
import type { PowerTrace } from '../../hosts/power/power-trace.ts';
import type { TrialMetrics } from '../trial-record.ts';
import type { Span } from './trial-spec.ts';

type Energy = TrialMetrics['energyJPerInference'];

/**
 * What the sensors saw while a load ran, per sample, gross and net of the idle
 * machine. The spans are on the trace's own clock.
 */
export function trialEnergy(
  trace: PowerTrace,
  spans: { readonly load: Span; readonly idle: Span | null },
  samples: number,
): Energy {
  const { load, idle } = spans;
  const figures = energyFigures(trace, load.fromMs, load.toMs, { idle, inferences: samples });
  return toRecord(pickEnergy(figures));
}

function toRecord(figure: EnergyFigure): Energy {
  if (figure.state === 'unavailable') return { state: 'unavailable', reason: figure.reason };
  const { joulesPerInference } = figure;
  if (joulesPerInference === null) {
    return { state: 'unavailable', reason: 'no inference ended while power was recorded' };
  }
  return {
    state: figure.state,
    value: joulesPerInference,
    netValue: figure.netJoulesPerInference,
    watts: figure.wattsMean,
    idleWatts: figure.idleWatts,
    source: figure.sensor,
    scope: figure.scope,
    quality: figure.quality,
    coverage: figure.coverage,
    notes: figure.warnings.map((warning) => NOTES[warning]),
  };
}

const NOTES: Readonly<Record<EnergyWarning, string>> = Object.freeze({
  'short-period': 'measured for less time than this sensor needs: use a longer --duration',
  gaps: 'part of the time has no samples, and is taken to be as the rest',
  'counter-reset': 'the counter began anew while it was read',
  'sensor-lost': 'the sensor failed before the end',
  'idle-unavailable': 'the power of the idle machine could not be read',
});
