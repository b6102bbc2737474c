// A client of the local chain and venue: web3.js and Jupiter's own client as they come, over HTTP.

import {
  Configuration,
  type Instruction,
  type QuoteResponse,
  SwapApi,
  type SwapInstructionsResponse,
} from "@jup-ag/api";
import {
  Connection,
  type Keypair,
  PublicKey,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";

export const API_KEY = "local-key";

export function signed(payer: Keypair, instructions: TransactionInstruction[], recentBlockhash: string): Uint8Array {
  const message = new TransactionMessage({ payerKey: payer.publicKey, recentBlockhash, instructions });
  const transaction = new VersionedTransaction(message.compileToV0Message());
  transaction.sign([payer]);
  return transaction.serialize();
}

const decode = ({ programId, accounts, data }: Instruction): TransactionInstruction =>
  new TransactionInstruction({
    programId: new PublicKey(programId),
    keys: accounts.map(({ pubkey, isSigner, isWritable }) => ({ pubkey: new PublicKey(pubkey), isSigner, isWritable })),
    data: Buffer.from(data, "base64"),
  });

export interface Trader {
  readonly connection: Connection;
  readonly swapApi: SwapApi;
  quote(input: PublicKey, output: PublicKey, amount: bigint, slippageBps: number): Promise<QuoteResponse>;
  instructions(quote: QuoteResponse): Promise<SwapInstructionsResponse>;
  /** Signed bytes of the swap, with the lookup tables resolved from the RPC. */
  build(quote: QuoteResponse): Promise<{ bytes: Uint8Array; lastValidBlockHeight: number }>;
}

export function openTrader(wallet: Keypair, rpcUrl: string, venueUrl: string): Trader {
  const connection = new Connection(rpcUrl, { commitment: "confirmed", disableRetryOnRateLimit: true });
  const swapApi = new SwapApi(
    new Configuration({ basePath: `${venueUrl}/swap/v1`, headers: { "x-api-key": API_KEY } }),
  );
  const instructions = (quoteResponse: QuoteResponse) =>
    swapApi.swapInstructionsPost({
      swapRequest: { quoteResponse, userPublicKey: wallet.publicKey.toBase58(), wrapAndUnwrapSol: false },
    });
  return {
    connection,
    swapApi,
    instructions,
    quote: (input, output, amount, slippageBps) =>
      swapApi.quoteGet({
        inputMint: input.toBase58(),
        outputMint: output.toBase58(),
        amount: amount as unknown as number, // the client types a u64 as number and sends what it is given
        slippageBps,
      }),
    build: async (quote) => {
      const built = await instructions(quote);
      const tables = await Promise.all(
        built.addressLookupTableAddresses.map((table) => connection.getAddressLookupTable(new PublicKey(table))),
      );
      const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
      const message = new TransactionMessage({
        payerKey: wallet.publicKey,
        recentBlockhash: blockhash,
        instructions: [...built.computeBudgetInstructions, ...built.setupInstructions, built.swapInstruction].map(
          decode,
        ),
      }).compileToV0Message(tables.flatMap(({ value }) => (value === null ? [] : [value])));
      const transaction = new VersionedTransaction(message);
      transaction.sign([wallet]);
      return { bytes: transaction.serialize(), lastValidBlockHeight };
    },
  };
}
