/** Where model servers of this machine listen by default. They answer one request at a time unless they are told otherwise. */
export const localServerUrls = {
  ollama: "http://127.0.0.1:11434",
  llamaCpp: "http://127.0.0.1:8080",
  lmStudio: "http://127.0.0.1:1234",
};

/** Hosts that are this machine, as a process on it writes them. */
const ownHosts = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export function isOnThisMachine(url: string): boolean {
  return ownHosts.test(URL.parse(url)?.hostname ?? "");
}
