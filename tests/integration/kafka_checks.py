"""kafka_checks.py JARS MODEL: mlp-serve kafka and a broker of its own, below the current folder. Every message must be
answered exactly once for a reader of committed messages, whatever is killed. MLP_KILLS: how often the process is."""

import collections
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic

jars, model = sys.argv[1:]
kills = int(os.environ.get("MLP_KILLS", "20"))
passed = 0
running = []
PARTITIONS = 4
ROW = {"a": 3.0, "b": 0.5, "c": "violet"}
random.seed(int(os.environ.get("MLP_SEED", "1")))


def check(what, good):
    global passed
    if not good:
        raise SystemExit("FAILED: " + what)
    passed += 1


def wait(what, until, seconds=60.0):
    end = time.monotonic() + seconds
    while not until():
        if time.monotonic() > end:
            raise SystemExit("FAILED: never: " + what)
        time.sleep(0.02)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Broker:
    def __init__(self):
        self.address, quorum = ("127.0.0.1:%d" % free_port() for _ in range(2))
        with open("server.properties", "w", encoding="utf-8") as f:
            f.write(f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{quorum}
listeners=PLAINTEXT://{self.address},CONTROLLER://{quorum}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={os.getcwd()}/kafka
offsets.topic.replication.factor=1
offsets.topic.num.partitions=2
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=2
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=500
auto.create.topics.enable=false
""")
        subprocess.run(self.java("kafka.tools.StorageTool", "format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c",
                                 "server.properties"), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start()
        self.admin = AdminClient({"bootstrap.servers": self.address})

    def java(self, *words):
        return ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars + "/*", *words]

    def start(self):
        with open("broker.log", "ab") as log:
            self.process = subprocess.Popen(self.java("kafka.Kafka", "server.properties"), stdout=log, stderr=log)
        running.append(self.process)
        host, port = self.address.split(":")
        wait("a broker", lambda: socket.socket().connect_ex((host, int(port))) == 0)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def topics(self, *names):
        for done in self.admin.create_topics([NewTopic(n, PARTITIONS, 1) for n in names]).values():
            done.result()


class Member:
    """One mlp-serve kafka."""

    def __init__(self, source, to, *options):
        self.log = open(f"member.{len(running)}.err", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            ["mlp-serve", "kafka", model, "-b", broker.address, "--from", source, "--to", to, "--group", source,
             "-X", "auto.offset.reset=earliest", *options], stderr=self.log)
        running.append(self.process)

    def said(self):
        with open(self.log.name, encoding="utf-8") as f:
            return f.read()

    def has(self, event, times=1):
        return self.said().count(f'"event":"{event}"') >= times

    def end(self, status=0):
        self.process.send_signal(signal.SIGTERM)
        check(f"SIGTERM ends a member with {status}: {self.said()}", self.process.wait(40) == status)


class Feed(threading.Thread):
    """Sends numbered messages until it is told to stop."""

    def __init__(self, topic, rate, rows=1):
        super().__init__(daemon=True)
        self.topic, self.rate, self.sent, self.over = topic, rate, 0, False
        self.value = json.dumps(ROW if rows == 1 else [ROW] * rows)
        self.start()

    def run(self):
        p = Producer({"bootstrap.servers": broker.address, "linger.ms": 2, "enable.idempotence": True,
                      "delivery.timeout.ms": 120000})
        while not self.over:
            for _ in range(self.rate // 50):
                p.produce(self.topic, key=str(self.sent), value=self.value, headers={"n": str(self.sent)})
                self.sent += 1
            p.poll(0)
            time.sleep(0.02)
        check("everything was sent", p.flush(120) == 0)

    def stop(self):
        self.over = True
        self.join()
        return self.sent


def read(topic, level="read_committed", most=None, seconds=40.0):
    """All messages of a topic, up to its end or until there are `most`; uncommitted ones count to the end too."""
    c = Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "enable.auto.commit": False,
                  "isolation.level": level})
    c.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    got, quiet, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end and quiet < (8 if most is None or len(got) >= most else 10 ** 9):
        batch = c.consume(2000, 0.25)
        quiet = 0 if batch else quiet + 1
        for m in batch:
            if m.error():
                raise KafkaException(m.error())
            got.append(m)
    c.close()
    return got


def exactly_once(what, topic, sent):
    got = collections.Counter(m.key() for m in read(topic, most=sent))
    twice = sum(1 for n in got.values() if n > 1)
    check(f"{what}: {sent} sent, {len(got)} answered, {twice} more than once",
          len(got) == sent and twice == 0)
    print(f"{what}: {sent} messages, each answered once")


# --- the parts ---

def words():
    """What answers are, what is buried, and how long one message takes."""
    broker.topics("plain", "plain-out", "plain-dead", "buried")
    first = Member("plain", "plain-out")
    p = Producer({"bootstrap.servers": broker.address, "linger.ms": 0})
    wait("assigned", lambda: first.has("assigned"))
    p.produce("plain", key="one", value=json.dumps(ROW), headers={"trace": "x"})
    p.produce("plain", key="list", value=json.dumps([ROW, ROW]))
    p.produce("plain", key="bad", value="{nothing")
    p.produce("plain", key="gone", value=None)
    p.flush()
    got = {m.key(): m for m in read("plain-out", most=4)}
    one = json.loads(got[b"one"].value())
    check("a prediction", one["prediction"] is True and abs(one["probabilities"]["True"] - 0.99966) < 1e-4)
    check("headers go with it", got[b"one"].headers() == [("trace", b"x")])
    check("rows", json.loads(got[b"list"].value())["predictions"] == [True, True])
    check("an error", "error" in json.loads(got[b"bad"].value()))
    check("a tombstone", got[b"gone"].value() is None)
    first.end()
    check("it says what it did", '"messages":4,"errors":1' in first.said())
    second = Member("plain", "plain-out", "--dead-letter", "plain-dead")
    p.produce("plain", key="worse", value='{"a":"text"}', headers={"trace": "y"})
    p.flush()
    got = read("plain-dead", most=1)
    headers = dict(got[0].headers())
    check("buried as it came", (got[0].key(), got[0].value()) == (b"worse", b'{"a":"text"}'))
    check("with the reason", headers["mlp-topic"] == b"plain" and headers["trace"] == b"y" and headers["mlp-error"]
          and re.fullmatch(rb"\d+", headers["mlp-offset"]) and int(headers["mlp-partition"]) < PARTITIONS)
    check("offsets were committed: nothing came twice", len(read("plain-out")) == 4)
    latency(p)
    second.end()


def latency(p):
    c = Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "isolation.level": "read_committed",
                  "fetch.wait.max.ms": 5})
    ends = [TopicPartition("plain-out", i) for i in range(PARTITIONS)]
    for at in ends:
        at.offset = c.get_watermark_offsets(at)[1]
    c.assign(ends)
    c.poll(0.5)
    times = []
    for i in range(30):
        start = time.monotonic()
        p.produce("plain", key=str(i), value=json.dumps(ROW))
        p.flush()
        while True:
            m = c.poll(5)
            check("an answer in time", m is not None)
            if m.key() == str(i).encode():
                break
        times.append((time.monotonic() - start) * 1000)
    c.close()
    times.sort()
    print(f"one message at a time: p50 {times[15]:.0f} ms, at most {times[-1]:.0f} ms")
    check("bounded latency", times[15] < 400)


def killed():
    """kill -9 at any moment; the same instance goes on."""
    broker.topics("kill", "kill-out")
    feed = Feed("kill", 3000)
    options = ("--instance", "one", "--max-messages", "500")
    for _ in range(kills):
        member = Member("kill", "kill-out", *options)
        wait("assigned", lambda: member.has("assigned"))
        time.sleep(random.uniform(0, 0.4))
        member.process.kill()
        member.process.wait()
    last = Member("kill", "kill-out", *options)
    sent = feed.stop()
    exactly_once(f"{kills} kills", "kill-out", sent)
    last.end()
    seen = len(read("kill-out", "read_uncommitted"))
    print(f"{kills} kills: {seen - sent} answers of transactions that were cut off, seen by none")
    check("kills did hit transactions", kills < 10 or seen > sent)


def refused():
    """The topic of the answers refuses them for a while: what was aborted is read again."""
    broker.topics("no", "no-out")
    feed = Feed("no", 2000)
    member = Member("no", "no-out", "--max-messages", "100")
    wait("assigned", lambda: member.has("assigned"))
    for size in ("90", "1000000"):
        time.sleep(0.5)
        entry = ConfigEntry("max.message.bytes", size, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ConfigResource.Type.TOPIC, "no-out", incremental_configs=[entry])
        for done in broker.admin.incremental_alter_configs([resource]).values():
            done.result()
        if size == "90":
            wait("aborted", lambda: member.has("aborted", 2))
    sent = feed.stop()
    exactly_once("refused answers", "no-out", sent)
    member.end()


def members():
    """A second member joins; the first sleeps past its session and wakes up, which may be while it predicts, sends or
    commits; the second is killed."""
    broker.topics("share", "share-out")
    options = ("-X", "session.timeout.ms=1500", "-X", "heartbeat.interval.ms=300", "-X", "transaction.timeout.ms=5000",
               "--max-messages", "200")
    feed = Feed("share", 600, 400)
    a = Member("share", "share-out", *options)
    wait("assigned", lambda: a.has("assigned"))
    b = Member("share", "share-out", *options)
    wait("shared", lambda: a.has("assigned", 2) and b.has("assigned"))
    check("two partitions each", '"assigned","partitions":2' in a.said() and '"partitions":2' in b.said())
    for _ in range(3):
        time.sleep(random.uniform(0.2, 0.6))
        before = b.said().count("assigned")
        a.process.send_signal(signal.SIGSTOP)
        wait("taken over", lambda: b.has("assigned", before + 1))
        time.sleep(0.5)
        before = a.said().count("assigned")
        a.process.send_signal(signal.SIGCONT)
        wait("back again", lambda: a.has("assigned", before + 1) or a.process.poll() is not None)
        if a.process.poll() is not None:
            check("it may be told to start again", a.process.poll() == 7)
            a = Member("share", "share-out", *options)
            wait("assigned", lambda: a.has("assigned"))
    b.process.kill()
    wait("all to one", lambda: '"assigned","partitions":4' in a.said().rsplit("revoked", 1)[-1])
    sent = feed.stop()
    exactly_once("rebalances", "share-out", sent)
    a.end()


def fenced():
    """Two processes of one instance: the older one ends and says why."""
    broker.topics("same", "same-out")
    a = Member("same", "same-out", "--instance", "x")
    wait("assigned", lambda: a.has("assigned"))
    b = Member("same", "same-out", "--instance", "x")
    check("the older one ends", a.process.wait(30) == 7)
    check("and says why", "does another process run as --instance" in a.said())
    wait("the other serves", lambda: b.has("assigned"))
    b.end()


def restarted():
    """The broker is killed and comes back; the member stays."""
    broker.topics("restart", "restart-out")
    feed = Feed("restart", 2000)
    member = Member("restart", "restart-out", "--max-messages", "300")
    wait("assigned", lambda: member.has("assigned"))
    time.sleep(random.uniform(0.5, 1))
    broker.kill()
    time.sleep(random.uniform(0, 1))
    broker.start()
    time.sleep(1)
    sent = feed.stop()
    exactly_once("broker restarts", "restart-out", sent)
    check("the member lived on", member.process.poll() is None)
    member.end()


try:
    broker = Broker()
    for part in (words, killed, refused, members, fenced, restarted):
        start = time.monotonic()
        part()
        print(f"{part.__name__}: {time.monotonic() - start:.0f} s")
    print(passed, "checks passed")
finally:
    for process in running:
        if process.poll() is None:
            process.kill()
            process.wait()
