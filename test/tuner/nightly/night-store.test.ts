import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNightStore } from '../../../tuner/nightly/night-store.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { nightRecord } from './night-records.ts';

describe('stored nights', () => {
  it('come back as they were, in the order of time', async () => {
    const store = openNightStore(join(temporaryFolder(), 'nights'));
    expect(await store.list()).toEqual({ nights: [], unreadable: [] });
    await store.save(nightRecord(20));
    await store.save(nightRecord(3));
    await store.save({ ...nightRecord(3), state: 'interrupted' });
    expect((await store.list()).nights).toEqual([
      { ...nightRecord(3), state: 'interrupted' },
      nightRecord(20),
    ]);
  });

  it('may have fields of a later version of the same schema', async () => {
    const folder = temporaryFolder();
    const night = nightRecord(1);
    const later = { ...night, weather: 'rain', host: { ...night.host, rack: 7 } };
    writeFileSync(join(folder, `${night.id}.json`), JSON.stringify(later));
    expect(await openNightStore(folder).list()).toEqual({ nights: [night], unreadable: [] });
  });

  it('are read around those that cannot be, which are named', async () => {
    const folder = temporaryFolder();
    const store = openNightStore(folder);
    await store.save(nightRecord(1));
    writeFileSync(join(folder, '20260102-020000.json'), '{"schema": "openclaw.night/9"}');
    writeFileSync(join(folder, '20260103-020000.json'), '{"schema": "openclaw.nig');
    writeFileSync(join(folder, '20260104-020000.json'), '{"schema": "openclaw.night/1"}');
    mkdirSync(join(folder, '20260105-020000.json'));
    writeFileSync(join(folder, '20260101-020000.html'), 'its page');
    const { nights, unreadable } = await store.list();
    expect(nights.length).toBe(1);
    expect(unreadable).toEqual([
      expect.stringMatching(/0102-020000\.json: it is of the version 'openclaw\.night\/9'/),
      expect.stringMatching(/0103-020000\.json: not JSON/),
      expect.stringMatching(/0104-020000\.json: .* at id/),
      expect.stringMatching(/0105-020000\.json: it is a folder/),
    ]);
  });

  it('say which folder cannot be written', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'nights'), 'a file');
    await expect(openNightStore(join(folder, 'nights')).save(nightRecord(1))).rejects.toThrow(
      /a part of the path is a file/,
    );
  });
});
