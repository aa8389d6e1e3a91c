/** Converts a record's dates to the contract's texts. */
export type WireForm<Value> = Value extends Date
  ? string
  : Value extends readonly (infer Item)[]
    ? WireForm<Item>[]
    : Value extends object
      ? { [Name in keyof Value]: WireForm<Value[Name]> }
      : Value;

export function toWire<Value>(value: Value): WireForm<Value> {
  if (value instanceof Date) return value.toISOString() as WireForm<Value>;
  if (Array.isArray(value)) return value.map(toWire) as WireForm<Value>;
  if (typeof value !== "object" || value === null) return value as WireForm<Value>;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toWire(field)])) as WireForm<Value>;
}
