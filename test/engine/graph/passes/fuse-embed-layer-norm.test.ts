import { describe, expect, test } from 'vitest';
import { importModel } from '../../../../engine/graph/ir/import-model.ts';
import { fuseEmbedLayerNorm } from '../../../../engine/graph/passes/fuse-embed-layer-norm.ts';
import { runPass } from '../../../../engine/graph/passes/pass.ts';
import { checkPass, type CheckedPass } from './check-pass.ts';
import { embedFeeds, embedModel, type EmbedForm } from './embed-forms.ts';

const EMBED = 'com.microsoft.EmbedLayerNormalization';

function check(form: EmbedForm, size: readonly [number, number] = [3, 5]): Promise<CheckedPass> {
  return checkPass(fuseEmbedLayerNorm, embedModel(form), embedFeeds(form, size));
}

test.each<[string, EmbedForm]>([
  ['words and positions', {}],
  ['positions by a Range', { positions: 'Range' }],
  ['positions as long as the rows of the words', { lengthOf: 'words' }],
  ['a Range as long as the rows of the words', { lengthOf: 'words', positions: 'Range' }],
  ['token types that are all zero', { types: 'zeros' }],
  ['token types that are filled in', { types: 'ConstantOfShape' }],
  ['no summand', { hasShift: false }],
  ['the last axis by its number', { axis: 2 }],
])('joins %s', async (_, form) => {
  const { operators, skipped, model } = await check(form);
  expect(operators).toEqual(['Cast', EMBED]);
  expect(skipped).toEqual([]);
  expect(model.opsets.get('com.microsoft')).toBe(1);
});

test('takes int32 as it is', async () => {
  expect((await check({ type: 'int32' })).operators).toEqual([EMBED]);
});

test.each<[string, EmbedForm, number]>([
  ['token types', { types: 'fed' }, 2],
  ['positions of each sample', { positions: 'fed' }, 2],
  ['positions for all', { positions: 'fed for all' }, 2],
  ['both', { types: 'fed', positions: 'fed' }, 3],
])('joins %s that are fed', async (_, form, casts) => {
  const { operators } = await check(form);
  expect(operators.toSorted()).toEqual([...Array.from({ length: casts }, () => 'Cast'), EMBED]);
});

test('keeps positions that do not begin at 0', async () => {
  const { operators, rewrites } = await check({ positions: 'Range from 2' });
  expect(rewrites).toBe(1);
  expect(operators.filter((name) => name === 'Cast')).toHaveLength(2);
});

test('adds token type zero to the positions', async () => {
  const { model } = await check({ types: 'zeros' });
  const node = [...model.graph.nodes].find(({ domain }) => domain === 'com.microsoft');
  const constants = node?.inputs.map((value) => value?.constant?.dims ?? null);
  expect(constants).toEqual([null, null, [50, 8], [16, 8], null, [8], [8]]);
});

test('gives the sum too where a layer goes on with it', async () => {
  const { operators, model } = await check({ exposed: 'sum', types: 'zeros' });
  expect(operators).toEqual(['Cast', EMBED]);
  const node = [...model.graph.nodes].find(({ domain }) => domain === 'com.microsoft');
  expect(node?.outputs.map((value) => value?.name ?? null)).toEqual(['y', null, 'sum']);
});

test('takes the shape of the result where that of the words was taken', async () => {
  const { operators } = await check({ exposed: 'words by Shape' });
  expect(operators.toSorted()).toEqual(['Cast', 'Shape', EMBED]);
});

test.each<[number, number]>([
  [1, 1],
  [1, 7],
  [4, 1],
  [4, 7],
  [2, 16],
])('computes the same for %d samples of %d', async (...size) => {
  const { rewrites } = await check({ types: 'zeros', exposed: 'sum' }, size);
  expect(rewrites).toBe(1);
});

describe('leaves alone', () => {
  const elsewhere = 'the rows of a table are used elsewhere too';
  const indices = 'its indices are not known to have one shape';
  test.each<[string, EmbedForm, string | null]>([
    ['rows that are an output', { exposed: 'words' }, elsewhere],
    ['rows with other users', { exposed: 'words by Neg' }, elsewhere],
    ['token types that come from the rows', { types: 'computed' }, elsewhere],
    ['a first sum that is an output', { types: 'fed', exposed: 'partial' }, null],
    ['a constant that does not count', { positions: 'reversed' }, indices],
    ['words alone', { positions: 'none' }, null],
    ['a table that is fed', { wordsAre: 'fed' }, null],
    ['ids of unknown shape', { declared: null }, 'the size of the last axis is not known'],
    ['ids of unknown dims', { declared: [null, null] }, indices],
  ])('%s', async (_, form, reason) => {
    const { rewrites, skipped } = await check(form);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(reason === null ? [] : [reason]);
  });

  test('columns of a table', async () => {
    const { rewrites, skipped } = await check({ gatherAxis: 1, positions: 'fed' }, [8, 8]);
    expect([rewrites, skipped]).toEqual([0, []]);
  });

  test('a token type that its table has not, which fails as it is', async () => {
    const model = importModel(embedModel({ types: 'beyond' }));
    const context = { provider: 'cpu', evaluate: null };
    const { rewrites, skipped } = await runPass(fuseEmbedLayerNorm, model, context);
    expect(rewrites).toBe(0);
    expect(skipped.map((skip) => skip.reason)).toEqual(['the token type is outside of its table']);
  });
});
