/** Part of the socket's file name; nothing listens on TCP. */
export const serverPort = 5432;

/** The URL of a database behind a unix socket, for libpq and `pg` alike. */
export function serverUrl(socketDirectory: string, { user, database }: { user: string; database: string }): string {
  const parameters = new URLSearchParams({
    host: socketDirectory,
    port: String(serverPort),
    user,
    sslmode: "disable",
  });
  return `postgresql:///${encodeURIComponent(database)}?${parameters.toString()}`;
}
