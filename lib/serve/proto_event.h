/* proto_event.h: CloudEvents 1.0 over HTTP, as Knative and KServe send them.
 *
 * In binary mode the fields ce-id, ce-source, ce-type and ce-specversion stand beside a body that
 * is the data; in structured mode the body is application/cloudevents+json with data or
 * data_base64. A prediction is answered by an event in the same mode, of the type
 * io.kserve.inference.response from io.kserve.inference.NAME; an error is answered plainly, so that
 * a broker tries again or keeps the event. A batch is a JSON array of structured events.
 * Source: CloudEvents 1.0.2, HTTP Protocol Binding and JSON Event Format. */
#ifndef MLP_SERVE_PROTO_EVENT_H
#define MLP_SERVE_PROTO_EVENT_H

#include "serve/inside.h"

/* Whether q brings a batch of events (application/cloudevents-batch+json). */
bool mlp_event_is_batch(const struct mlp_asking *q);

/* Has every event of a batch answered by `answer` and answers with a batch of as many events in
 * their order; or, when one of them cannot be, with its error alone, so that a broker sends all
 * of them again. */
void mlp_event_batch(struct mlp_asking *q, void (*answer)(struct mlp_asking *q));

/* An event on its way. Embedded: open, answer. */
struct mlp_event {
    bool structured;
    struct mlp_buf data;         /* of data_base64 */
};

/* Whether q brings an event; then q->body and q->content_type become those of its data, and
 * q->event is set. False: it is malformed and answered, with 400 or 415. */
bool mlp_event_open(struct mlp_event *v, struct mlp_asking *q);

/* Makes an event of a good answer, and frees. */
void mlp_event_answer(struct mlp_event *v, struct mlp_asking *q);

#endif
