import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Feed } from "./feed.ts";

/** A page that takes in nothing for so long is cut off; when it comes back, it is told only what is latest. */
const mostBacklogBytes = 8 * 1024 * 1024;

/** What the buttons do. */
export type Buttons = {
  hasRoom: boolean;
  add(): Promise<unknown>;
  kill(id: string): Promise<boolean>;
};

export type PageServer = {
  /** With the token that all requests need. */
  url: string;
  close(): Promise<void>;
};

export type PageServerOptions = {
  /** The page, whose scripts and styles have this nonce. */
  render: (nonce: string) => string;
  feed: Feed;
  buttons: Buttons;
};

/**
 * Serves the page on a free port of loopback. Other pages in the same browser reach that, too, so each request must have the
 * token of the URL, name this server as its host (one that a foreign name leads here does not), and come from no other page.
 */
export async function servePage({ render, feed, buttons }: PageServerOptions): Promise<PageServer> {
  const token = randomBytes(18).toString("base64url");
  const nonce = randomBytes(18).toString("base64url");
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => end(response, 500, error.message));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;

  const refusal = ({ method, headers }: IncomingMessage, url: URL): string | undefined => {
    if (headers.host !== host) return "this is another host";
    // Browsers send it with whatever changes something.
    const needsOrigin = method !== "GET";
    if ((needsOrigin || headers.origin !== undefined) && headers.origin !== `http://${host}`) {
      return "this is for the page alone";
    }
    return isSame(url.searchParams.get("token") ?? "", token) ? undefined : "the token is missing or wrong";
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", `http://${host}`);
    const refused = refusal(request, url);
    if (refused !== undefined) return end(response, 403, refused);
    const [, id] = /^\/hosts\/([^/]+)$/.exec(url.pathname) ?? [];
    switch (`${request.method} ${id === undefined ? url.pathname : "/hosts/:id"}`) {
      case "GET /":
        response.setHeader("Content-Type", "text/html; charset=utf-8");
        response.setHeader("Content-Security-Policy", contentPolicy(nonce));
        return end(response, 200, render(nonce));
      case "GET /events":
        return sendEvents(response, feed);
      case "POST /hosts":
        if (!buttons.hasRoom) return end(response, 409, "there are as many hosts as there may be");
        await buttons.add();
        return end(response, 201, "");
      case "DELETE /hosts/:id":
        return (await buttons.kill(id!))
          ? end(response, 204, "")
          : end(response, 404, "there is no such host");
      default:
        return end(response, 404, "there is no such page");
    }
  }

  return {
    url: `http://${host}/?token=${token}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function end(response: ServerResponse, status: number, body: string): void {
  if (response.headersSent) return void response.destroy();
  if (!response.hasHeader("Content-Type")) response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  response.setHeader("Referrer-Policy", "no-referrer");
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.writeHead(status).end(body);
}

function sendEvents(response: ServerResponse, feed: Feed): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const stop = feed.follow((text) => {
    response.write(text);
    if (response.writableLength > mostBacklogBytes) response.destroy();
  });
  response.once("close", stop);
}

/** The page loads nothing, talks to this server alone, and is shown in no frame. */
const contentPolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
