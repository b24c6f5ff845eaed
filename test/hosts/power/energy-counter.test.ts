import { describe, expect, it } from 'vitest';
import { createEnergyCounter } from '../../../hosts/power/energy-counter.ts';

describe('createEnergyCounter', () => {
  it('starts at 0, whatever the hardware says', () => {
    expect(createEnergyCounter(100).advance(70, 0)).toEqual({ joules: 0 });
  });
  it('undoes every wrap', () => {
    const counter = createEnergyCounter(100);
    // 60 J a second: 70, 30, 90, 50 on a counter of 100 J
    const totals = [70, 30, 90, 50].map((joules, second) => counter.advance(joules, second * 1000));
    expect(totals.map(({ joules }) => joules)).toEqual([0, 60, 120, 180]);
  });
  it('tells a reset from a wrap: no machine draws 200 kW', () => {
    const counter = createEnergyCounter(262_144);
    counter.advance(60_000, 0);
    // As a wrap it would be 202 145 J within a second
    expect(counter.advance(1, 1000)).toEqual({ joules: 0, restarted: true });
    expect(counter.advance(26, 2000)).toEqual({ joules: 25 });
  });
  it('does not add a negative energy where a counter stood beyond its range', () => {
    const counter = createEnergyCounter(100);
    counter.advance(250, 0);
    expect(counter.advance(10, 1000)).toEqual({ joules: 0, restarted: true });
  });
  it('takes any fall for a reset where a counter does not wrap', () => {
    const counter = createEnergyCounter(null);
    counter.advance(10, 0);
    expect(counter.advance(9, 1000)).toEqual({ joules: 0, restarted: true });
  });
});
