//! What the brokers say of our rights and of a topic's settings: calls of librdkafka that rdkafka does not wrap.
//! The one file with `unsafe`, safe outside; asks only, never changes anything on the cluster.
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::ffi::CStr;
use std::ffi::CString;
use std::ffi::c_char;
use std::ptr;
use std::time::Duration;

use rdkafka::bindings as sys;
use rdkafka::client::Client;
use rdkafka::client::ClientContext;
use rdkafka::types::RDKafkaErrorCode;

/// The operations that we look for; Kafka's `Describe` comes with each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Right {
    Read,
    Write,
}

/// What we may do, or `None` where the broker does not tell.
pub(crate) type Rights = Option<BTreeSet<Right>>;

/// One answer for each name asked for, in that order; a name may be refused by itself.
pub(crate) type Answers<T> = Vec<Result<T, RDKafkaErrorCode>>;

/// The librdkafka handle to ask by, and how long each answer may take.
pub(crate) struct Asker<'c, C: ClientContext> {
    pub(crate) client: &'c Client<C>,
    pub(crate) timeout: Duration,
}

impl<C: ClientContext> Asker<'_, C> {
    /// Our rights on these topics. Blocks.
    pub(crate) fn topic_rights(&self, topics: &[&str]) -> Result<Answers<Rights>, String> {
        let names = Names::new(topics)?;
        let mut pointers = names.pointers();
        self.ask(
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            // SAFETY: the collection copies the names, which live until the end of this function, and is
            // destroyed once, after the request has copied it.
            |client, options, queue| unsafe {
                let collection =
                    sys::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len());
                sys::rd_kafka_DescribeTopics(client, collection, options, queue);
                sys::rd_kafka_TopicCollection_destroy(collection);
            },
            // SAFETY: `ask` hands over the result of the operation above; all that is read of it belongs to it.
            |event| unsafe {
                let mut count = 0;
                let result = sys::rd_kafka_event_DescribeTopics_result(event);
                let answers = sys::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
                each(answers, count, |answer| {
                    told(answer)?;
                    refused(sys::rd_kafka_TopicDescription_error(answer))?;
                    let mut count = 0;
                    let operations =
                        sys::rd_kafka_TopicDescription_authorized_operations(answer, &raw mut count);
                    Ok(rights(operations, count))
                })
            },
        )
    }

    /// One setting of each of these topics, `None` where the topic has it not. Blocks.
    pub(crate) fn topic_setting(
        &self,
        topics: &[&str],
        setting: &str,
    ) -> Result<Answers<Option<String>>, String> {
        let names = Names::new(topics)?;
        self.ask(
            sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS,
            // SAFETY: each resource copies its name and is destroyed once, after the request has copied it.
            |client, options, queue| unsafe {
                let kind = sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC;
                let mut resources: Vec<_> = names
                    .pointers()
                    .into_iter()
                    .map(|name| sys::rd_kafka_ConfigResource_new(kind, name))
                    .collect();
                let (start, count) = (resources.as_mut_ptr(), resources.len());
                sys::rd_kafka_DescribeConfigs(client, start, count, options, queue);
                sys::rd_kafka_ConfigResource_destroy_array(start, count);
            },
            // SAFETY: as for topics.
            |event| unsafe {
                let mut count = 0;
                let result = sys::rd_kafka_event_DescribeConfigs_result(event);
                let answers = sys::rd_kafka_DescribeConfigs_result_resources(result, &raw mut count);
                each(answers, count, |answer| {
                    told(answer)?;
                    let code = RDKafkaErrorCode::from(sys::rd_kafka_ConfigResource_error(answer));
                    if code != RDKafkaErrorCode::NoError {
                        return Err(code);
                    }
                    let mut count = 0;
                    let entries = sys::rd_kafka_ConfigResource_configs(answer, &raw mut count);
                    let entries = each(entries, count, |entry| {
                        let name = text(sys::rd_kafka_ConfigEntry_name(entry))?;
                        (name == setting).then(|| text(sys::rd_kafka_ConfigEntry_value(entry)))?
                    });
                    Ok(entries.into_iter().flatten().next())
                })
            },
        )
    }

    /// Sends one request and reads its answer.
    fn ask<T>(
        &self,
        operation: sys::rd_kafka_admin_op_t,
        send: impl FnOnce(*mut sys::rd_kafka_t, *const sys::rd_kafka_AdminOptions_t, *mut sys::rd_kafka_queue_t),
        read: impl FnOnce(*mut sys::rd_kafka_event_t) -> T,
    ) -> Result<T, String> {
        let client = self.client.native_ptr();
        let timeout_ms = i32::try_from(self.timeout.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: `client` outlives this call. Options, queue and event are ours, and destroyed once, here; an
        // answer that comes after its queue is gone is dropped by librdkafka. Without room for its text an error
        // of the options is not told: it leaves the client's own time-out, or the rights untold.
        unsafe {
            let options = sys::rd_kafka_AdminOptions_new(client, operation);
            sys::rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, ptr::null_mut(), 0);
            if operation != sys::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS {
                let error = sys::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
                if !error.is_null() {
                    sys::rd_kafka_error_destroy(error);
                }
            }
            let queue = sys::rd_kafka_queue_new(client);
            send(client, options, queue);
            let event = sys::rd_kafka_queue_poll(queue, timeout_ms);
            let answer = if event.is_null() {
                Err("no answer in time".to_owned())
            } else {
                let answer = match RDKafkaErrorCode::from(sys::rd_kafka_event_error(event)) {
                    RDKafkaErrorCode::NoError => Ok(read(event)),
                    code => {
                        Err(text(sys::rd_kafka_event_error_string(event)).unwrap_or_else(|| code.to_string()))
                    }
                };
                sys::rd_kafka_event_destroy(event);
                answer
            };
            sys::rd_kafka_queue_destroy(queue);
            sys::rd_kafka_AdminOptions_destroy(options);
            answer
        }
    }
}

/// Names as C wants them.
struct Names(Vec<CString>);

impl Names {
    fn new(names: &[&str]) -> Result<Self, String> {
        let names: Result<_, _> = names.iter().map(|name| CString::new(*name)).collect();
        names
            .map(Self)
            .map_err(|e| format!("a name cannot be asked for: {e}"))
    }

    fn pointers(&self) -> Vec<*const c_char> {
        self.0.iter().map(|name| name.as_ptr()).collect()
    }
}

/// Reads each item; the array is null where there is none. SAFETY: else it holds `count` of them.
unsafe fn each<P: Copy, T>(array: *const P, count: usize, read: impl Fn(P) -> T) -> Vec<T> {
    if array.is_null() {
        return Vec::new();
    }
    unsafe { std::slice::from_raw_parts(array, count) }
        .iter()
        .map(|item| read(*item))
        .collect()
}

/// A broker may leave a name out of its answer; librdkafka leaves null in its place.
fn told<T>(answer: *const T) -> Result<(), RDKafkaErrorCode> {
    if answer.is_null() {
        return Err(RDKafkaErrorCode::Unknown);
    }
    Ok(())
}

/// SAFETY: `error` is null or a librdkafka error that lives.
unsafe fn refused(error: *const sys::rd_kafka_error_t) -> Result<(), RDKafkaErrorCode> {
    if error.is_null() {
        return Ok(());
    }
    match RDKafkaErrorCode::from(unsafe { sys::rd_kafka_error_code(error) }) {
        RDKafkaErrorCode::NoError => Ok(()),
        code => Err(code),
    }
}

/// Null says that the broker was not asked or did not tell. The operations are read as numbers, since a later
/// librdkafka may know more of them than the enum. SAFETY: as for `each`.
unsafe fn rights(operations: *const sys::rd_kafka_AclOperation_t, count: usize) -> Rights {
    if operations.is_null() {
        return None;
    }
    let known = [
        (
            sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_READ,
            Right::Read,
        ),
        (
            sys::rd_kafka_AclOperation_t::RD_KAFKA_ACL_OPERATION_WRITE,
            Right::Write,
        ),
    ];
    let allowed = unsafe { each(operations.cast::<u32>(), count, |number| number) };
    let held = known
        .into_iter()
        .filter(|(operation, _)| allowed.contains(&(*operation as u32)));
    Some(held.map(|(_, right)| right).collect())
}

/// SAFETY: `text` is null or ends with a zero byte.
unsafe fn text(text: *const c_char) -> Option<String> {
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
