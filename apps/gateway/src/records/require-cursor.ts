import { RoostError } from "@roost/base";

const forms = {
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  number: /^\d{1,15}$/,
} as const;

/** The cursor of a page, when it has the form that this list gives out. @throws RoostError `invalid_input` */
export function requireCursor(form: keyof typeof forms, after: string): string {
  if (forms[form].test(after)) return after;
  throw new RoostError(
    "invalid_input",
    `"${after.slice(0, 64)}" is not the end of a page: give what the page before gave as next`,
  );
}
