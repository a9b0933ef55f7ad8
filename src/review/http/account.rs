//! What a run uses of models, and the most that it may use.
//!
//! Before a request the worst that it could use is reserved, so that a budget holds with several requests under way;
//! after it, what the provider reports takes the place of that. Deliberately absent: prices, which change; users
//! write down those that they pay.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::finding::Usage;

/// The fewest bytes of a token in text and code: a guess from above for what a request may take.
const BYTES_PER_TOKEN: u64 = 3;

/// Millionths of a dollar for a million tokens: the same number as dollars for a million tokens, times a million.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// For tokens sent.
    pub input: u64,
    /// For those of them that the provider had in its cache.
    pub cached_input: u64,
    /// For tokens that came back.
    pub output: u64,
}

/// The most that a run may use; by default anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// Tokens, sent and received.
    pub tokens: Option<u64>,
    /// Millionths of a dollar.
    pub micro_usd: Option<u64>,
}

/// Tokens as a provider reports them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// Those in the provider's cache included.
    pub(super) input: u64,
    pub(super) cached_input: u64,
    pub(super) output: u64,
}

#[derive(Debug)]
pub(super) struct Account {
    budget: Budget,
    prices: Vec<(String, Price)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    used: Usage,
    /// Tokens and money of requests under way.
    reserved: (u64, u64),
    spent: Option<String>,
}

/// What a request under way may use.
pub(super) struct Reserved {
    tokens: Tokens,
    micro_usd: Option<u64>,
    price: Option<Price>,
}

impl Account {
    pub(super) fn new(budget: Budget, prices: Vec<(String, Price)>) -> Self {
        Self {
            budget,
            prices,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a request, or says that there is none left.
    pub(super) fn reserve(
        &self,
        model: &str,
        bytes: usize,
        output: u64,
    ) -> Result<Reserved, String> {
        let price = self.prices.iter().find(|(name, _)| name == model);
        let price = price.map(|(_, price)| *price);
        let tokens = Tokens {
            input: bytes as u64 / BYTES_PER_TOKEN + 1,
            cached_input: 0,
            output,
        };
        let micro_usd = price.map(|price| cost(tokens, price));
        let mut state = self.state();
        let used = state.used.input_tokens + state.used.output_tokens + state.reserved.0;
        let paid = state.used.cost_micro_usd.unwrap_or(0) + state.reserved.1;
        let is_over = |limit: Option<u64>, sum: u64| limit.is_some_and(|limit| sum > limit);
        let spent = if is_over(self.budget.tokens, used + tokens.input + tokens.output) {
            let limit = self.budget.tokens.unwrap_or_default();
            Some(format!(
                "the budget of {limit} tokens does not allow another request"
            ))
        } else if is_over(
            self.budget.micro_usd,
            paid.saturating_add(micro_usd.unwrap_or(0)),
        ) {
            let limit = self.budget.micro_usd.unwrap_or_default();
            let (dollars, rest) = (limit / 1_000_000, limit % 1_000_000);
            Some(format!(
                "the budget of ${dollars}.{rest:06} does not allow another request"
            ))
        } else {
            None
        };
        if let Some(reason) = spent {
            // What is under way may use less than it could, but nobody waits for that.
            state.spent = Some(reason.clone());
            return Err(reason);
        }
        state.reserved.0 += tokens.input + tokens.output;
        state.reserved.1 += micro_usd.unwrap_or(0);
        Ok(Reserved {
            tokens,
            micro_usd,
            price,
        })
    }

    /// Puts what a request has used in the place of what was reserved for it, and says what it was.
    pub(super) fn settle(
        &self,
        reserved: Reserved,
        reported: Option<Tokens>,
        answer_bytes: usize,
    ) -> Usage {
        let tokens = reported.unwrap_or(Tokens {
            input: reserved.tokens.input,
            cached_input: 0,
            output: answer_bytes as u64 / BYTES_PER_TOKEN,
        });
        let usage = Usage {
            requests: 1,
            input_tokens: tokens.input,
            cached_input_tokens: tokens.cached_input,
            output_tokens: tokens.output,
            estimated: reported.is_none(),
            cost_micro_usd: reserved.price.map(|price| cost(tokens, price)),
        };
        let mut state = self.state();
        let held = reserved.tokens.input + reserved.tokens.output;
        state.reserved.0 = state.reserved.0.saturating_sub(held);
        state.reserved.1 = state
            .reserved
            .1
            .saturating_sub(reserved.micro_usd.unwrap_or(0));
        state.used.add(&usage);
        usage
    }

    pub(super) fn usage(&self) -> Usage {
        self.state().used.clone()
    }

    /// Why nothing more can be asked.
    pub(super) fn is_spent(&self) -> Option<String> {
        self.state().spent.clone()
    }
}

/// In millionths of a dollar, rounded up.
fn cost(tokens: Tokens, price: Price) -> u64 {
    let cached = tokens.cached_input.min(tokens.input);
    let parts = [
        (tokens.input - cached, price.input),
        (cached, price.cached_input),
        (tokens.output, price.output),
    ];
    let sum: u128 = parts
        .iter()
        .map(|(tokens, price)| u128::from(*tokens) * u128::from(*price))
        .sum();
    u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
