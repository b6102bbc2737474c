/**
 * The steps of a route plan: the venues that Jupiter's program knows, in the order of its `Swap` enum, and what each carries.
 *
 * A plan has to be read to its end to know where it ends: what stands behind it in an older route are the amounts. A step that
 * is not listed here is refused, not guessed: its length is not known. One that is listed with another length than the program
 * has would be worse: the program ignores bytes behind the arguments, so what we read as the amounts could be those bytes.
 *
 * Source: the interface (IDL) that the program publishes on chain, as of 2026-10-08: 197 steps. It grows at its end; the one
 * step that was changed since it appeared is DynamicV1.
 */
import type { Reader } from "./reader.ts";

type Payload = (reader: Reader) => void;
type Step = readonly [name: string, ...payload: Payload[]];

/** A `bool`, or a `Side`, which is Bid or Ask. */
const flag: Payload = (reader) => void reader.flag();
const bytes =
  (length: number): Payload =>
  (reader) =>
    void reader.take(length);

/** More slices than there are kinds of accounts make no sense. */
const SLICES_MAX = 16;

/** `RemainingAccountsInfo`: two bytes for each slice. */
const slices: Payload = (reader) => void reader.take(2 * lengthOf(reader, SLICES_MAX));
const maybeSlices: Payload = (reader) => {
  if (reader.flag()) slices(reader);
};

const maybeByte: Payload = (reader) => {
  if (reader.flag()) reader.take(1);
};

/** A transaction has no room for more. */
const FILL_BYTES_MAX = 1_232;

const fill: Payload = (reader) => void reader.take(lengthOf(reader, FILL_BYTES_MAX));

/** `CandidateSwap`: what a dynamic step chooses from when it is executed. */
const CANDIDATES: readonly Step[] = [
  ["HumidiFi", bytes(8), flag],
  ["TesseraV", flag],
  ["HumidiFiV2", bytes(8), flag],
  ["RaydiumV2"],
  ["RaydiumClmm"],
  ["Whirlpool", flag],
  ["ZeroFi"],
  ["BisonFiV2", flag],
  ["GoonFiV2", flag],
  ["GoonFiV3", flag],
  ["WhirlpoolV2", flag, maybeSlices],
  ["ZeroFiSwapV2"],
  ["BisonFiMarketBacked", flag],
  ["RaydiumClmmV2"],
  ["TesseraVV2", flag],
  ["HumidiFiRouter", bytes(56), flag],
  ["HumidiFiRouterV2", bytes(64), flag],
  ["HumidiFiRouterV3", bytes(80), flag],
  ["ZeroFiSwapV3"],
];

const candidates =
  (...behindEach: readonly Payload[]): Payload =>
  (reader) => {
    for (let left = lengthOf(reader, SLICES_MAX); left > 0; left--) {
      skipStep(reader, CANDIDATES);
      for (const read of behindEach) read(reader);
    }
  };

const STEPS: readonly Step[] = [
  ["Saber"],
  ["SaberAddDecimalsDeposit"],
  ["SaberAddDecimalsWithdraw"],
  ["TokenSwap"],
  ["Sencha"],
  ["Step"],
  ["Cropper"],
  ["Raydium"],
  ["Crema", flag],
  ["Lifinity"],
  ["Mercurial"],
  ["Cykura"],
  ["Serum", flag],
  ["MarinadeDeposit"],
  ["MarinadeUnstake"],
  ["Aldrin", flag],
  ["AldrinV2", flag],
  ["Whirlpool", flag],
  ["Invariant", flag],
  ["Meteora"],
  ["GooseFX"],
  ["DeltaFi", flag],
  ["Balansol"],
  ["MarcoPolo", flag],
  ["Dradex", flag],
  ["LifinityV2"],
  ["RaydiumClmm"],
  ["Openbook", flag],
  ["Phoenix", flag],
  ["Symmetry", bytes(16)],
  ["TokenSwapV2"],
  ["HeliumTreasuryManagementRedeemV0"],
  ["StakeDexStakeWrappedSol"],
  ["StakeDexSwapViaStake", bytes(4)],
  ["GooseFXV2"],
  ["Perps"],
  ["PerpsAddLiquidity"],
  ["PerpsRemoveLiquidity"],
  ["MeteoraDlmm"],
  ["OpenBookV2", flag],
  ["RaydiumClmmV2"],
  ["StakeDexPrefundWithdrawStakeAndDepositStake", bytes(4)],
  ["Clone", bytes(1), flag, flag],
  ["SanctumS", bytes(10)],
  ["SanctumSAddLiquidity", bytes(5)],
  ["SanctumSRemoveLiquidity", bytes(5)],
  ["RaydiumCP"],
  ["WhirlpoolSwapV2", flag, maybeSlices],
  ["OneIntro"],
  ["PumpWrappedBuy"],
  ["PumpWrappedSell"],
  ["PerpsV2"],
  ["PerpsV2AddLiquidity"],
  ["PerpsV2RemoveLiquidity"],
  ["MoonshotWrappedBuy"],
  ["MoonshotWrappedSell"],
  ["StabbleStableSwap"],
  ["StabbleWeightedSwap"],
  ["Obric", flag],
  ["FoxBuyFromEstimatedCost"],
  ["FoxClaimPartial", flag],
  ["SolFi", flag],
  ["SolayerDelegateNoInit"],
  ["SolayerUndelegateNoInit"],
  ["TokenMill", flag],
  ["DaosFunBuy"],
  ["DaosFunSell"],
  ["ZeroFi"],
  ["StakeDexWithdrawWrappedSol"],
  ["VirtualsBuy"],
  ["VirtualsSell"],
  ["Perena", bytes(2)],
  ["PumpSwapBuy"],
  ["PumpSwapSell"],
  ["Gamma"],
  ["MeteoraDlmmSwapV2", slices],
  ["Woofi"],
  ["MeteoraDammV2"],
  ["MeteoraDynamicBondingCurveSwap"],
  ["StabbleStableSwapV2"],
  ["StabbleWeightedSwapV2"],
  ["RaydiumLaunchlabBuy", bytes(8)],
  ["RaydiumLaunchlabSell", bytes(8)],
  ["BoopdotfunWrappedBuy"],
  ["BoopdotfunWrappedSell"],
  ["Plasma", flag],
  ["GoonFi", flag, bytes(1)],
  ["HumidiFi", bytes(8), flag],
  ["MeteoraDynamicBondingCurveSwapWithRemainingAccounts"],
  ["TesseraV", flag],
  ["PumpWrappedBuyV2"],
  ["PumpWrappedSellV2"],
  ["PumpSwapBuyV2"],
  ["PumpSwapSellV2"],
  ["Heaven", flag],
  ["SolFiV2", flag],
  ["Aquifer"],
  ["PumpWrappedBuyV3"],
  ["PumpWrappedSellV3"],
  ["PumpSwapBuyV3"],
  ["PumpSwapSellV3"],
  ["JupiterLendDeposit"],
  ["JupiterLendRedeem"],
  ["DefiTuna", flag, maybeSlices],
  ["AlphaQ", flag],
  ["RaydiumV2"],
  ["SarosDlmm", flag],
  ["Futarchy", flag],
  ["MeteoraDammV2WithRemainingAccounts"],
  ["Obsidian"],
  ["WhaleStreet", flag],
  ["DynamicV1", candidates(), maybeByte],
  ["PumpWrappedBuyV4"],
  ["PumpWrappedSellV4"],
  ["CarrotIssue"],
  ["CarrotRedeem"],
  ["Manifest", flag],
  ["BisonFi", flag],
  ["HumidiFiV2", bytes(8), flag],
  ["PerenaStar", flag],
  ["JupiterRfqV2", flag, fill],
  ["GoonFiV2", flag],
  ["Scorch", bytes(16)],
  ["VaultLiquidUnstake", bytes(48)],
  ["XOrca"],
  ["Quantum", flag],
  ["WhaleStreetV2", flag, bytes(16)],
  ["Riptide", flag],
  ["RunnerRodeo"],
  ["TaurusFi", flag],
  ["Omnipair"],
  ["MSwap"],
  ["Hylo", bytes(1)],
  ["VoltrDeposit"],
  ["VoltrWithdraw"],
  ["SanctumSV2", bytes(10)],
  ["LemmingsFi", flag],
  ["ScaleVmmBuy"],
  ["ScaleVmmSell"],
  ["ScaleAmmBuy"],
  ["ScaleAmmSell"],
  ["BisonFiV2", flag],
  ["Trends"],
  ["HumaDeposit"],
  ["HumaInstantWithdraw"],
  ["Kipseli", flag],
  ["DynamicV2", candidates(bytes(4)), bytes(2)],
  ["PumpSwapBuyV3WithCashbackClaim"],
  ["PumpSwapSellV3WithCashbackClaim"],
  ["PumpWrappedBuyV4WithCashbackClaim"],
  ["PumpWrappedSellV4WithCashbackClaim"],
  ["GoonFiV3", flag],
  ["PumpWrappedBuyV5", flag],
  ["PumpWrappedSellV5", flag],
  ["ZeroFiSwapV2"],
  ["BisonFiPredict", flag, flag],
  ["ByrealDynamicV3"],
  ["Flux", bytes(8), flag],
  ["VaultLiquidSellLst"],
  ["VaultLiquidBuyLst", bytes(8)],
  ["KipseliV2", flag],
  ["Deriverse", flag, bytes(4)],
  ["Hadron", flag],
  ["BinaryFi"],
  ["Metric", flag],
  ["JupiterLendDexSwap", flag],
  ["Gatorswap", flag],
  ["Flint", flag, flag],
  ["Denali", flag],
  ["PerenaStarV2Deposit"],
  ["PerenaStarV2WithdrawFromExternal", bytes(1)],
  ["SanctumSols", bytes(1)],
  ["HyloV2", bytes(1)],
  ["SanctumPamm"],
  ["Archer", flag],
  ["TrenchWrappedBuy"],
  ["TrenchWrappedSell"],
  ["BisonFiMarketBacked", flag],
  ["TesseraVV2", flag],
  ["Stableswap"],
  ["BinaryFiV2"],
  ["KipseliV3", flag],
  ["PerenaStarV2TrancheDeposit", flag],
  ["PerenaStarV2TrancheWithdrawFromExternal", flag, maybeByte],
  ["Quay", flag],
  ["HumidiFiRouter", bytes(56), flag],
  ["HumidiFiRouterV2", bytes(64), flag],
  ["PumpWrappedBuyV6", flag, flag],
  ["HyloRouter"],
  ["Memefun", flag],
  ["HumidiFiRouterV3", bytes(80), flag],
  ["PumpWrappedBuyV7", flag, flag],
  ["PumpWrappedSellV6", flag],
  ["PumpSwapBuyV4", flag],
  ["PumpSwapSellV4", flag],
  ["ZeroFiSwapV3"],
  ["DenaliV2", flag],
];

/** A transaction has no room for the accounts of more. */
const STEPS_MAX = 32;

/** Reads which step it is, and what it carries. @throws RangeError when it is not known. */
function skipStep(reader: Reader, known: readonly Step[]): void {
  const index = reader.u8();
  const step = known[index];
  if (!step) throw new RangeError(`step ${index} of a route is not known`);
  const [, ...payload] = step;
  for (const read of payload) read(reader);
}

/**
 * Reads a plan to its end.
 *
 * @param share - How a step says which part of its input it takes: in percent, one byte, or in basis points, two.
 * @throws RangeError when it has no step, too many, or one that is not known.
 */
export function skipPlan(reader: Reader, share: "percent" | "bps"): void {
  const steps = lengthOf(reader, STEPS_MAX);
  if (steps === 0) throw new RangeError("a route without a step");
  for (let left = steps; left > 0; left--) {
    skipStep(reader, STEPS);
    reader.take(share === "percent" ? 1 : 2);
    reader.take(2); // which token comes in, and which goes out
  }
}

function lengthOf(reader: Reader, max: number): number {
  const length = reader.u32();
  if (length > max) throw new RangeError(`a list of ${length}: at most ${max}`);
  return length;
}
