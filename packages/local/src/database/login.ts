/**
 * Neon's proxy logs a client in itself, with a cleartext password, before it connects to PostgreSQL; the client counts
 * on that and sends its first query along with the password. Here it is the stretch of the stream from the client to a
 * PostgreSQL that trusts us: nothing goes through until the password was right.
 */
import { Transform, type TransformCallback } from "node:stream";
import { encode, errorResponse, MessageReader, PROTOCOL_3, startup, typeOf } from "./message.ts";

/** They protect nothing, but show that a client was given its connection string. */
export const credentials = { user: "local", password: "postgres_secret_2e6b91" };

export interface Role {
  readonly user: string;
  readonly database: string;
}

const askPassword = encode("R", Buffer.from([0, 0, 0, 3]));

export class Login extends Transform {
  readonly #as: Role;
  readonly #reply: (bytes: Buffer) => void;
  readonly #messages = new MessageReader("startup");
  #parameters: Map<string, string> | undefined;
  #state: "waiting" | "in" | "refused" = "waiting";

  /** Whoever logs in is `as` to the PostgreSQL behind. */
  constructor(as: Role, reply: (bytes: Buffer) => void) {
    super();
    this.#as = as;
    this.#reply = reply;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (const message of this.#messages.read(chunk)) {
      if (this.#state === "in") this.push(message);
      else if (this.#state === "waiting") this.#logIn(message);
    }
    done();
  }

  #logIn(message: Buffer): void {
    if (this.#parameters) this.#admit(message, this.#parameters);
    else if (message.readInt32BE(4) !== PROTOCOL_3) this.#refuse("08P01", "only protocol 3.0, without TLS, is served");
    else {
      this.#parameters = parametersOf(message);
      this.#reply(askPassword);
    }
  }

  #admit(message: Buffer, parameters: Map<string, string>): void {
    const password = typeOf(message) === "p" ? message.toString("utf8", 5, message.length - 1) : undefined;
    const user = parameters.get("user");
    if (user === credentials.user && password === credentials.password) {
      this.#state = "in";
      this.push(startup(new Map([...parameters, ...Object.entries(this.#as)])));
    } else {
      this.#refuse("28P01", `password authentication failed for user '${user}'`);
    }
  }

  #refuse(code: string, text: string): void {
    this.#state = "refused";
    this.#reply(errorResponse("FATAL", code, text));
    this.push(null);
  }
}

function parametersOf(packet: Buffer): Map<string, string> {
  const words = packet.toString("utf8", 8).split("\0");
  const names = words.filter((word, index) => index % 2 === 0 && word !== "");
  return new Map(names.map((name, index) => [name, words[index * 2 + 1] ?? ""]));
}
