/** A server that answers as it is told to, and keeps what it was asked. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface AskedOf {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnsweringServer {
  readonly url: string;
  /** Since the last `answer`. */
  readonly asked: readonly AskedOf[];
  /** What everybody is answered from now on; "never": nothing; "half": the beginning of a body, and then nothing. */
  answer(answer: Answer | "never" | "half"): void;
  close(): void;
}

export async function startAnsweringServer(): Promise<AnsweringServer> {
  const asked: AskedOf[] = [];
  let given: Answer | "never" | "half" = "never";
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    asked.push({ url: new URL(request.url ?? "", "http://local"), headers: request.headers, body });
    if (given === "never") return;
    if (given === "half") {
      response.writeHead(200, { "content-type": "application/json" }).write('{"inputMint":');
      return;
    }
    response.writeHead(given.status, { "content-type": "application/json", ...given.headers }).end(given.body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer(answer) {
      asked.length = 0;
      given = answer;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
