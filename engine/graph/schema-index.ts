import { MESSAGES, type Field, type MessageName, type ScalarKind } from './schema.ts';

/** A field of the schema with the property that holds it. */
export interface NamedField extends Field {
  readonly property: string;
}

/** For reading: fields of a message by their number. */
export const FIELDS_BY_NUMBER = indexBy((fields) => new Map(fields.map((f) => [f.number, f])));

/** For writing: ascending by number, as protobuf's own writers do. */
export const FIELDS_IN_ORDER = indexBy((fields) => fields);

/** Properties that are typed arrays. */
export const PACKED_PROPERTIES = indexBy((fields) =>
  fields.filter((field) => field.cardinality === 'packed').map((field) => field.property),
);

export function isMessage(kind: ScalarKind | MessageName): kind is MessageName {
  return Object.hasOwn(MESSAGES, kind);
}

function indexBy<T>(make: (fields: readonly NamedField[]) => T): Readonly<Record<MessageName, T>> {
  const entries = Object.entries(MESSAGES).map(([name, message]) => {
    const fields = Object.entries<Field>({ ...message }).map(([property, f]) => ({
      ...f,
      property,
    }));
    return [name, make(fields.sort((a, b) => a.number - b.number))];
  });
  return Object.fromEntries(entries) as Readonly<Record<MessageName, T>>;
}
