//! Acts on two counters at once: what requests weigh, and what they cost.

use super::super::answer::{self, Refusing, decided};
use super::super::counter::Counter;
use super::RemoteWindow;
use super::asking::wrong;
use crate::protocol::{Ask, Batch, Both, Group, Held, Outcome, Stand, Tail, read_both};
use call_gate_core::{Act, Answer, Booked, Demand, Frame, Reading, StorageError, Way};
use std::time::Instant;

/// What each counter says.
type Told<'b> = (Stand, Tail<'b>);

impl RemoteWindow {
    /// The answer to `act` if it is on both counters; `None`: it is on one of them.
    pub(super) async fn act_on_both(
        &self,
        way: Way,
        act: &Act,
        costs: &Counter,
        until: Instant,
    ) -> Option<Result<Answer, StorageError>> {
        let counter = &self.counter;
        Some(match *act {
            Act::Take(demand) => {
                let batches = [demand.value(), demand.cost()].map(one);
                let [value, cost] = &batches;
                let asks = (&Ask::Update(value), &Ask::Update(cost));
                self.ask_both(
                    way,
                    costs,
                    asks,
                    until,
                    |(stand, tail), (spent, of_costs)| {
                        let booked = outcome(&tail, &stand, value)?;
                        let paid = outcome(&of_costs, &spent, cost)?;
                        if booked.admitted == 1 && paid.admitted == 1 {
                            return taken((counter, &stand), (costs, &spent), demand);
                        }
                        let refusing = |counter, stand, requested, outcome: Outcome| Refusing {
                            counter,
                            stand,
                            requested,
                            refused: outcome.refused,
                        };
                        answer::both_denied(
                            &refusing(counter, &stand, demand.value(), booked),
                            &refusing(costs, &spent, demand.cost(), paid),
                        )
                        .map(Answer::Denied)
                    },
                )
                .await
            }
            Act::GiveBack {
                demand,
                booked,
                cost_booked,
            } => {
                let value = self.refund(counter, demand.value(), Some(&booked));
                let cost = self.refund(costs, demand.cost(), Some(&cost_booked));
                self.ask_both(way, costs, (&value, &cost), until, |told, of_costs| {
                    let returned = |counter, (stand, tail): Told<'_>| {
                        answer::returned(counter, &stand, tail.refund()?)
                    };
                    let (value, cost) = (returned(counter, told)?, returned(costs, of_costs)?);
                    Some(answer::both_returned(demand, value, cost))
                })
                .await
            }
            Act::Peek { value } => {
                let asks = (&Ask::Peek { value }, &Ask::Peek { value: 0 });
                self.ask_both(way, costs, asks, until, |(stand, tail), (_, of_costs)| {
                    let ((refused, empty), (_, spent)) = (tail.peek()?, of_costs.peek()?);
                    decided(counter, &stand, (refused, empty.max(spent)), value)
                })
                .await
            }
            Act::Spans => {
                let look = &Ask::Peek { value: 0 };
                self.ask_both(way, costs, (look, look), until, |(stand, _), (spent, _)| {
                    let spans = answer::spans(&stand).chain(answer::spans(&spent));
                    Some(Answer::Spans(spans.collect()))
                })
                .await
            }
            Act::Clear => {
                let asks = (&Ask::Clear, &Ask::Clear);
                self.ask_both(way, costs, asks, until, |_, _| Some(Answer::Done))
                    .await
            }
            _ => return None,
        })
    }

    /// Asks both counters in one call, and makes an answer of what comes back.
    async fn ask_both<T>(
        &self,
        way: Way,
        costs: &Counter,
        (ask, of_costs): (&Ask<'_>, &Ask<'_>),
        until: Instant,
        make: impl FnOnce(Told<'_>, Told<'_>) -> Option<T> + Send,
    ) -> Result<T, StorageError> {
        self.first(way, until).await?;
        let counter = &self.counter;
        let (words, second) = (counter.words(ask), costs.words(of_costs));
        let (turn, turn_of_costs) = (counter.known.turn(), costs.known.turn());
        let second = Some((costs, second));
        let bytes = self.send(way, counter, words, second, until).await?;
        let (told, spent) = match read_both(&bytes).ok_or_else(wrong)? {
            Both::All(told, spent) => (
                counter.read(Some(turn), told)?,
                costs.read(Some(turn_of_costs), spent)?,
            ),
            // only what must not be touched answers alone
            Both::First(told) => {
                return Err(counter.read(Some(turn), told).err().unwrap_or_else(wrong));
            }
            Both::Second(spent) => {
                let read = costs.read(Some(turn_of_costs), spent);
                return Err(read.err().unwrap_or_else(wrong));
            }
        };
        let exist = (told.0.exists, spent.0.exists);
        let answer = make(told, spent).ok_or_else(wrong)?;
        counter.settle_by(exist.0);
        costs.settle_by(exist.1);
        Ok(answer)
    }
}

/// One request.
fn one(value: u64) -> Batch {
    Batch {
        groups: vec![Group { value, count: 1 }],
        lease: None,
    }
}

/// What became of the one request of `batch`.
fn outcome(tail: &Tail<'_>, stand: &Stand, batch: &Batch) -> Option<Outcome> {
    let booked = tail.booked(stand.clone(), batch)?;
    booked.outcomes.first().copied()
}

/// The booking of both parts of `demand`.
fn taken(
    (counter, stand): (&Counter, &Stand),
    (costs, spent): (&Counter, &Stand),
    demand: Demand,
) -> Option<Answer> {
    let room = stand.spans.iter().map(Held::room).min()?;
    let frame = Frame::new(answer::start_of(&counter.shape, stand.frame), 0);
    let paid = Booked::new(answer::start_of(&costs.shape, spent.frame), spent.era);
    let remaining = room.saturating_sub(demand.value());
    let reading = Reading::new(frame, 0, remaining).of_era(stand.era);
    Some(Answer::Admitted(reading.with_cost_at(paid)))
}
