import type { IrNode } from './ir/ir.ts';

/** Reading a node's attributes, with the operator's default where there is none. */

export function intAttribute(node: IrNode, name: string, fallback: number): number {
  const value = node.attributes.get(name)?.i;
  return value === undefined ? fallback : Number(value);
}

export function floatAttribute(node: IrNode, name: string, fallback: number): number {
  return node.attributes.get(name)?.f ?? fallback;
}

export function stringAttribute(node: IrNode, name: string, fallback: string): string {
  const value = node.attributes.get(name)?.s;
  return value === undefined ? fallback : new TextDecoder().decode(value);
}

/** Null without the attribute. */
export function intsAttribute(node: IrNode, name: string): readonly number[] | null {
  const attribute = node.attributes.get(name);
  return attribute === undefined ? null : attribute.ints.map(Number);
}
