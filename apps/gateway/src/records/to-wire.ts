/** Converts a record's dates to the contract's texts. */
export type Wire<Value> = Value extends Date
  ? string
  : Value extends readonly (infer Item)[]
    ? Wire<Item>[]
    : Value extends object
      ? { [Name in keyof Value]: Wire<Value[Name]> }
      : Value;

export function toWire<Value>(value: Value): Wire<Value> {
  if (value instanceof Date) return value.toISOString() as Wire<Value>;
  if (Array.isArray(value)) return value.map(toWire) as Wire<Value>;
  if (typeof value !== "object" || value === null) return value as Wire<Value>;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toWire(field)])) as Wire<Value>;
}
