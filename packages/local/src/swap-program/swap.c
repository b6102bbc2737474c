// A constant-product pool behind the instruction layout of Jupiter v6 `route`, for a local VM.
//
// Invariants: an instruction moves both legs or neither; the user receives at least
// floor(quoted_out * (10000 - slippage_bps) / 10000) or the instruction fails with 6001; the product
// of the two vaults never falls. What a leg moved is what its receiver gained: a token may withhold a
// part of every transfer.
//
// Freestanding C for sBPF v0: no libc, no writable globals, no 128-bit integers (the back end would
// call into a runtime library that is not there), no more than five arguments to a call. The stack
// frame clang allows is 512 bytes, so everything large lives on the VM's heap.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

// The VM allows unaligned access. Without these, packed fields become byte loads.
typedef u16 __attribute__((may_alias)) u16_field;
typedef u32 __attribute__((may_alias)) u32_field;
typedef u64 __attribute__((may_alias)) u64_field;

static inline u16 read_u16(const u8 *at) { return *(const u16_field *)at; }
static inline u32 read_u32(const u8 *at) { return *(const u32_field *)at; }
static inline u64 read_u64(const u8 *at) { return *(const u64_field *)at; }
static inline void write_u64(u8 *at, u64 value) { *(u64_field *)at = value; }

static inline int same_key(const u8 *a, const u8 *b) {
  return read_u64(a) == read_u64(b) && read_u64(a + 8) == read_u64(b + 8) &&
         read_u64(a + 16) == read_u64(b + 16) && read_u64(a + 24) == read_u64(b + 24);
}

// What the runtime's C ABI passes by pointer.

typedef struct {
  u8 *key;
  u64 *lamports;
  u64 data_len;
  u8 *data;
  u8 *owner;
  u64 rent_epoch;
  u8 is_signer, is_writable, executable;
} AccountInfo;

typedef struct {
  u8 *key;
  u8 is_writable, is_signer;
} AccountMeta;

typedef struct {
  u8 *program_id;
  AccountMeta *accounts;
  u64 account_len;
  u8 *data;
  u64 data_len;
} Instruction;

typedef struct {
  const u8 *bytes;
  u64 len;
} Seed;

typedef struct {
  const Seed *seeds;
  u64 len;
} SignerSeeds;

_Static_assert(sizeof(AccountInfo) == 56 && sizeof(AccountMeta) == 16 && sizeof(Instruction) == 40, "ABI sizes");
_Static_assert(sizeof(Seed) == 16 && sizeof(SignerSeeds) == 16, "ABI sizes");

extern void sol_log_(const char *text, u64 len);
extern void sol_log_64_(u64, u64, u64, u64, u64);
extern void sol_set_return_data(const u8 *bytes, u64 len);
extern u64 sol_invoke_signed_c(const Instruction *, const AccountInfo *, u64 infos, const SignerSeeds *, u64 signers);

#define LOG(text) sol_log_(text, sizeof(text) - 1)

// Codes below 6000 are Anchor's own, from 6000 on they are Jupiter's.
enum {
  UNKNOWN_INSTRUCTION = 101,
  MALFORMED_DATA = 102,
  WRONG_ADDRESS = 2012,
  NOT_ENOUGH_ACCOUNTS = 3005,
  WRONG_OWNER = 3007,
  WRONG_PROGRAM = 3008,
  NOT_SIGNED = 3010,
  EMPTY_ROUTE = 6000,
  SLIPPAGE_TOLERANCE_EXCEEDED = 6001,
  INVALID_CALCULATION = 6002,
  PLATFORM_FEE_UNSUPPORTED = 6003,
  INVALID_SLIPPAGE = 6004,
  INVALID_ROUTE_PLAN = 6010,
};

// Accounts of `route`, then those of its one step.
enum {
  TOKEN_PROGRAM,
  AUTHORITY,
  USER_SOURCE,
  USER_DESTINATION,
  DESTINATION_OVERRIDE, // the program id stands for "none"
  DESTINATION_MINT,
  PLATFORM_FEE_ACCOUNT,
  EVENT_AUTHORITY,
  PROGRAM,
  VAULT_IN,
  VAULT_OUT,
  POOL,
  ROUTE_ACCOUNTS,
  // A step that names these, too, moves tokens of whichever program, checked against their mints.
  MINT_IN = ROUTE_ACCOUNTS,
  TOKEN_PROGRAM_IN,
  TOKEN_PROGRAM_OUT,
  CHECKED_ROUTE_ACCOUNTS,
};

// The runtime allows 64 accounts in a transaction; a route of one step needs 12 or 15.
#define ACCOUNTS_MAX 32

// Offsets in the data of `route` with one step whose swap has no payload.
enum {
  AT_STEPS = 8,
  AT_PERCENT = 13, // 12 is the swap's enum value, which this program does not look at
  AT_INPUT_INDEX = 14,
  AT_OUTPUT_INDEX = 15,
  AT_IN_AMOUNT = 16,
  AT_QUOTED_OUT = 24,
  AT_SLIPPAGE_BPS = 32,
  AT_PLATFORM_FEE_BPS = 34,
  ROUTE_DATA_LEN = 35,
};

// The pool's account: PDA of ["pool", mint_a, mint_b, bump], owned by this program, authority of both vaults.
enum { POOL_BUMP = 8, POOL_MINT_A = 16, POOL_MINT_B = 48, POOL_VAULT_A = 80, POOL_VAULT_B = 112, POOL_LEN = 144 };

// Token-2022's accounts are as long or longer, and its mints begin as SPL Token's do.
enum { TOKEN_AMOUNT = 64, TOKEN_ACCOUNT_LEN = 165, MINT_DECIMALS = 44, MINT_LEN = 82 };

#define ROUTE_DISCRIMINATOR 0x2aade37a97cb17e5ULL // sha256("global:route")[0..8]
#define POOL_DISCRIMINATOR 0xbc6db111046d9af1ULL  // sha256("account:Pool")[0..8]

static const u64 SPL_TOKEN[4] = {0x93a165d7e1f6dd06ULL, 0xac79ebce46e1cbd9ULL, 0x91375b5fed85b41cULL,
                                 0xa900ff7e85f58c3aULL};
static const char POOL_SEED[4] = {'p', 'o', 'o', 'l'};

typedef struct {
  AccountInfo accounts[ACCOUNTS_MAX];
  u64 count;
  const u8 *data;
  u64 data_len;
  const u8 *program_id;
  const u8 *pool;
  u64 in_amount, quoted_out, slippage_bps, minimum_out, received, given;
  int destination;
  AccountInfo transfer_infos[4];
  AccountMeta transfer_metas[4];
  Instruction transfer;
  u8 transfer_data[16];
  Seed seeds[4];
  SignerSeeds signer;
} Route;

#define HEAP 0x300000000ULL // 32 KiB, zeroed before each instruction
_Static_assert(sizeof(Route) <= 32 * 1024, "heap");

#define ACCOUNT_HEADER_LEN 88
#define DATA_INCREASE_SPARE 10240 // the runtime's room for a growing account

// The runtime hands over one buffer: accounts, instruction data, program id.
static inline __attribute__((always_inline)) u64 read_input(Route *route, u8 *input) {
  u64 count = read_u64(input);
  u8 *at = input + 8;
  if (count < ROUTE_ACCOUNTS || count > ACCOUNTS_MAX) return NOT_ENOUGH_ACCOUNTS;
  route->count = count;
#pragma clang loop unroll(disable)
  for (u64 i = 0; i < count; i++) {
    AccountInfo *account = &route->accounts[i];
    u8 repeated = *at;
    if (repeated != 0xff) { // an account seen before is its index and seven bytes of padding
      *account = route->accounts[repeated];
      at += 8;
      continue;
    }
    account->is_signer = at[1];
    account->is_writable = at[2];
    account->executable = at[3];
    account->key = at + 8;
    account->owner = at + 40;
    account->lamports = (u64 *)(at + 72);
    account->data_len = read_u64(at + 80);
    account->data = at + ACCOUNT_HEADER_LEN;
    at += ACCOUNT_HEADER_LEN + account->data_len + DATA_INCREASE_SPARE;
    at = (u8 *)(((u64)at + 7) & ~7ULL);
    account->rent_epoch = read_u64(at);
    at += 8;
  }
  route->data_len = read_u64(at);
  route->data = at + 8;
  route->program_id = route->data + route->data_len;
  return 0;
}

static inline __attribute__((always_inline)) u64 read_arguments(Route *route) {
  const u8 *data = route->data;
  if (route->data_len < 8 || read_u64(data) != ROUTE_DISCRIMINATOR) return UNKNOWN_INSTRUCTION;
  LOG("Instruction: Route");
  if (route->data_len < 12) return MALFORMED_DATA;
  u64 steps = read_u32(data + AT_STEPS);
  if (steps == 0) return EMPTY_ROUTE;
  if (steps != 1) return INVALID_ROUTE_PLAN;
  if (route->data_len != ROUTE_DATA_LEN) return MALFORMED_DATA;
  if (data[AT_PERCENT] != 100 || data[AT_INPUT_INDEX] != 0 || data[AT_OUTPUT_INDEX] != 1) return INVALID_ROUTE_PLAN;
  route->in_amount = read_u64(data + AT_IN_AMOUNT);
  route->quoted_out = read_u64(data + AT_QUOTED_OUT);
  route->slippage_bps = read_u16(data + AT_SLIPPAGE_BPS);
  if (route->slippage_bps > 10000) return INVALID_SLIPPAGE;
  if (data[AT_PLATFORM_FEE_BPS] != 0) return PLATFORM_FEE_UNSUPPORTED;
  return 0;
}

// Whether the user's own accounts are what they claim is the token program's business: its transfers
// check mint, owner and balance. What only this program can know is checked here.
static inline __attribute__((always_inline)) u64 check_accounts(Route *route) {
  const AccountInfo *accounts = route->accounts;
  if (!same_key(accounts[TOKEN_PROGRAM].key, (const u8 *)SPL_TOKEN)) return WRONG_PROGRAM;
  if (!same_key(accounts[PROGRAM].key, route->program_id)) return WRONG_PROGRAM;
  if (!accounts[AUTHORITY].is_signer) return NOT_SIGNED;
  route->destination =
      same_key(accounts[DESTINATION_OVERRIDE].key, route->program_id) ? USER_DESTINATION : DESTINATION_OVERRIDE;

  if (!same_key(accounts[POOL].owner, route->program_id)) return WRONG_OWNER;
  const u8 *pool = accounts[POOL].data;
  if (accounts[POOL].data_len != POOL_LEN || read_u64(pool) != POOL_DISCRIMINATOR) return WRONG_OWNER;
  route->pool = pool;

  const u8 *vault_in = accounts[VAULT_IN].key, *vault_out = accounts[VAULT_OUT].key, *mint_in, *mint_out;
  if (same_key(vault_in, pool + POOL_VAULT_A) && same_key(vault_out, pool + POOL_VAULT_B)) {
    mint_in = pool + POOL_MINT_A;
    mint_out = pool + POOL_MINT_B;
  } else if (same_key(vault_in, pool + POOL_VAULT_B) && same_key(vault_out, pool + POOL_VAULT_A)) {
    mint_in = pool + POOL_MINT_B;
    mint_out = pool + POOL_MINT_A;
  } else {
    return WRONG_ADDRESS;
  }
  if (!same_key(accounts[DESTINATION_MINT].key, mint_out)) return WRONG_ADDRESS;
  if (accounts[VAULT_IN].data_len < TOKEN_ACCOUNT_LEN) return WRONG_ADDRESS;
  if (accounts[VAULT_OUT].data_len < TOKEN_ACCOUNT_LEN) return WRONG_ADDRESS;
  if (route->count < CHECKED_ROUTE_ACCOUNTS) return 0;
  if (!same_key(accounts[MINT_IN].key, mint_in)) return WRONG_ADDRESS;
  if (accounts[MINT_IN].data_len < MINT_LEN || accounts[DESTINATION_MINT].data_len < MINT_LEN) return WRONG_ADDRESS;
  // Whoever owns the pool's own vault is the program of its mint.
  if (!same_key(accounts[TOKEN_PROGRAM_IN].key, accounts[VAULT_IN].owner)) return WRONG_PROGRAM;
  if (!same_key(accounts[TOKEN_PROGRAM_OUT].key, accounts[VAULT_OUT].owner)) return WRONG_PROGRAM;
  return 0;
}

// floor(a * b / divisor) for divisor > 0; `*fits` becomes 0 when the quotient needs more than 64 bits.
__attribute__((noinline)) static u64 multiply_divide(u64 a, u64 b, u64 divisor, int *fits) {
  u64 a_low = a & 0xffffffff, a_high = a >> 32, b_low = b & 0xffffffff, b_high = b >> 32;
  u64 low_low = a_low * b_low, low_high = a_low * b_high, high_low = a_high * b_low;
  u64 middle = (low_low >> 32) + (low_high & 0xffffffff) + (high_low & 0xffffffff);
  u64 low = (low_low & 0xffffffff) | (middle << 32);
  u64 high = a_high * b_high + (low_high >> 32) + (high_low >> 32) + (middle >> 32);
  if (high == 0) return low / divisor;
  if (high >= divisor) {
    *fits = 0;
    return 0;
  }
  u64 quotient = 0;
#pragma clang loop unroll(disable)
  for (int bit = 0; bit < 64; bit++) { // long division; `high` is the remainder
    u64 carry = high >> 63;
    high = (high << 1) | (low >> 63);
    low <<= 1;
    quotient <<= 1;
    if (carry || high >= divisor) {
      high -= divisor;
      quotient |= 1;
    }
  }
  return quotient;
}

// What can be told before anything moves.
static inline __attribute__((always_inline)) u64 check_amounts(Route *route) {
  u64 reserve_in = read_u64(route->accounts[VAULT_IN].data + TOKEN_AMOUNT);
  u64 reserve_out = read_u64(route->accounts[VAULT_OUT].data + TOKEN_AMOUNT);
  if (route->in_amount == 0 || reserve_in == 0 || reserve_out == 0) return INVALID_CALCULATION;
  if (reserve_in + route->in_amount < reserve_in) return INVALID_CALCULATION;
  int fits = 1;
  route->minimum_out = multiply_divide(route->quoted_out, 10000 - route->slippage_bps, 10000, &fits);
  return fits ? 0 : INVALID_CALCULATION;
}

// What an account holds: nothing, if it cannot be a token account; then the transfer into it will fail.
static inline __attribute__((always_inline)) u64 held(const AccountInfo *account) {
  return account->data_len < TOKEN_ACCOUNT_LEN ? 0 : read_u64(account->data + TOKEN_AMOUNT);
}

static inline __attribute__((always_inline)) void name(Route *route, int place, int account, int writable, int signer) {
  route->transfer_infos[place] = route->accounts[account];
  route->transfer_metas[place] = (AccountMeta){route->accounts[account].key, writable, signer};
}

// `Transfer` of SPL Token: source, destination, authority; or `TransferChecked` of the leg's own program: source,
// mint, destination, authority. A failure there ends the transaction. `*gained` is what arrived.
__attribute__((noinline)) static u64 transfer(Route *route, int outward, u64 amount, u64 *gained) {
  int checked = route->count >= CHECKED_ROUTE_ACCOUNTS;
  int to = outward ? route->destination : VAULT_IN;
  int mint = outward ? DESTINATION_MINT : MINT_IN;
  int program = !checked ? TOKEN_PROGRAM : outward ? TOKEN_PROGRAM_OUT : TOKEN_PROGRAM_IN;
  int place = 0;
  name(route, place++, outward ? VAULT_OUT : USER_SOURCE, 1, 0);
  if (checked) name(route, place++, mint, 0, 0);
  name(route, place++, to, 1, 0);
  name(route, place++, outward ? POOL : AUTHORITY, 0, 1);
  route->transfer_data[0] = checked ? 12 : 3;
  write_u64(route->transfer_data + 1, amount);
  if (checked) route->transfer_data[9] = route->accounts[mint].data[MINT_DECIMALS];
  route->transfer = (Instruction){route->accounts[program].key, route->transfer_metas, place, route->transfer_data,
                                  checked ? 10 : 9};
  u64 before = held(&route->accounts[to]);
  u64 failure = sol_invoke_signed_c(&route->transfer, route->transfer_infos, place, &route->signer, outward);
  if (failure) return failure;
  *gained = held(&route->accounts[to]) - before;
  return 0;
}

// x * y = k on the vaults' balances; a 400th of the output, rounded up, stays in the pool.
static inline __attribute__((always_inline)) u64 settle(Route *route) {
  route->seeds[0] = (Seed){(const u8 *)POOL_SEED, sizeof(POOL_SEED)};
  route->seeds[1] = (Seed){route->pool + POOL_MINT_A, 32};
  route->seeds[2] = (Seed){route->pool + POOL_MINT_B, 32};
  route->seeds[3] = (Seed){route->pool + POOL_BUMP, 1};
  route->signer = (SignerSeeds){route->seeds, 4};
  u64 reserve_in = held(&route->accounts[VAULT_IN]);
  u64 reserve_out = held(&route->accounts[VAULT_OUT]);
  u64 failure = transfer(route, 0, route->in_amount, &route->received);
  if (failure) return failure;
  int fits = 1;
  u64 gross = multiply_divide(reserve_out, route->received, reserve_in + route->received, &fits);
  u64 out = gross - (gross / 400 + (gross % 400 != 0));
  if (out == 0 && route->minimum_out == 0) return INVALID_CALCULATION;
  failure = transfer(route, 1, out, &route->given);
  if (failure) return failure;
  sol_log_64_(reserve_in, reserve_out, route->received, route->given, route->minimum_out);
  if (route->given < route->minimum_out) {
    LOG("AnchorError occurred. Error Code: SlippageToleranceExceeded. Error Number: 6001. Error Message: Slippage "
        "tolerance exceeded.");
    return SLIPPAGE_TOLERANCE_EXCEEDED;
  }
  sol_set_return_data((const u8 *)&route->given, 8);
  return 0;
}

u64 entrypoint(u8 *input) {
  Route *route = (Route *)HEAP;
  // Keeps the base in a register; with a constant base clang loads a 64-bit address for every field.
  __asm__ volatile("" : "+r"(route));
  u64 failure = read_input(route, input);
  if (failure) return failure;
  failure = read_arguments(route);
  if (failure) return failure;
  failure = check_accounts(route);
  if (failure) return failure;
  failure = check_amounts(route);
  if (failure) return failure;
  return settle(route);
}
