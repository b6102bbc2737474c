import { EngineError } from "../error.ts";
import type { Quote } from "../jupiter/client.ts";
import { legs, type Market, type Side } from "../market/market.ts";
import { mint } from "../market/mint.ts";
import { formatAmount, parseAmount } from "../money/amount.ts";
import { slippageOf } from "../trade/policy.ts";
import type { TradeView } from "../trade/view.ts";
import { type Engine, executeTrade } from "./engine.ts";

/** Quotes and swaps through Jupiter, between the mints of a market. A swap is a trade: recorded, signed and driven as any other. */
export class JupiterClient {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /**
   * What `amount` (a decimal string, in units of the input token) would give now.
   *
   * @throws EngineError MARKET_NOT_FOUND when no market trades the two; INSUFFICIENT_LIQUIDITY, RATE_LIMITED, NETWORK_ERROR
   */
  async getQuote(inputToken: string, outputToken: string, amount: string): Promise<Quote> {
    const { market, side } = this.#marketOf(inputToken, outputToken);
    const decimals = side === "buy" ? market.quoteDecimals : market.baseDecimals;
    return this.#engine.jupiter.getQuote({
      inputMint: mint(inputToken),
      outputMint: mint(outputToken),
      amountIn: parseAmount(amount, decimals),
      slippageBps: slippageOf("entry", 1),
      wallet: this.#engine.account.wallet,
      priority: "entry",
      maxAccounts: null,
      without: [],
      asked: { symbol: market.symbol, size: amount },
    });
  }

  /**
   * Trades what was quoted: a buy of its input, or a sell worth its output. The trade takes a fresh quote under the limits.
   *
   * @throws EngineError as `executeTrade`
   */
  async executeSwap(quote: Quote): Promise<TradeView> {
    const { market, side } = this.#marketOf(quote.inputMint, quote.outputMint);
    const notional = side === "buy" ? quote.amountIn : quote.amountOut;
    return executeTrade(this.#engine, market.symbol, side, formatAmount(notional, market.quoteDecimals));
  }

  #marketOf(input: string, output: string): { readonly market: Market; readonly side: Side } {
    for (const market of this.#engine.markets) {
      for (const side of ["buy", "sell"] as const) {
        const traded = legs(market, side);
        if (traded.input === input && traded.output === output) return { market, side };
      }
    }
    const markets = this.#engine.markets.map((market) => market.symbol);
    const detail = `no market trades ${input} for ${output}`;
    throw new EngineError("MARKET_NOT_FOUND", { detail, symbol: `${input}/${output}`, markets });
  }
}
