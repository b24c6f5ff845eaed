import type { Section } from '../page.ts';
import { type Fact, factList } from '../tables/facts.ts';

/** What the figures of a page mean. */
export function definitionsSection(definitions: readonly Fact[]): Section {
  return {
    id: 'definitions',
    heading: 'What the figures mean',
    content: factList(definitions),
  };
}
