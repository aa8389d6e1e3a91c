/** Whether a server is this machine itself, which may be told a password without TLS. @param host A name or an address, an IPv6 one with or without brackets. */
export function isThisMachine(host: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/.test(host);
}
