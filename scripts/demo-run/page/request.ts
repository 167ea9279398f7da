/** Sends a request with the token that this page was opened with. Returns why it was refused, if it was. */
export async function request(method: string, path: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${path}${location.search}`, { method });
    return response.ok ? undefined : await response.text();
  } catch {
    return "the demo does not answer";
  }
}
