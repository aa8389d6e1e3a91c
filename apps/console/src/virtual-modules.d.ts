declare module "virtual:routes" {
  /** Id, method, path, whether it is a stream, the field of its content or 0, the media types that it answers with. */
  export type Route = readonly [string, string, string, 0 | 1, (string | 0)?, (readonly string[])?];
  export const routes: readonly Route[];
}
