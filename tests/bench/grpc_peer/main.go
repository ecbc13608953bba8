// grpc_peer serve PORT MODEL.json: the logistic regression of the bench by grpc-go.
// grpc_peer check MESSAGE ADDRESS ADDRESS: whether two servers answer the same to the message.
package main

import (
	"bench/pb"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type server struct {
	pb.UnimplementedGRPCInferenceServiceServer
	Coef      []float64
	Intercept float64
}

func (s *server) ModelInfer(_ context.Context, q *pb.ModelInferRequest) (*pb.ModelInferResponse, error) {
	width := len(s.Coef)
	if len(q.RawInputContents) != 1 || len(q.RawInputContents[0])%(4*width) != 0 {
		return nil, status.Error(codes.InvalidArgument, "rows of all features are expected")
	}
	raw := q.RawInputContents[0]
	rows := len(raw) / (4 * width)
	labels, proba := make([]byte, 8*rows), make([]byte, 16*rows)
	for r := 0; r < rows; r++ {
		sum := s.Intercept
		for i, c := range s.Coef {
			sum += c * float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*(r*width+i):])))
		}
		p := 1 / (1 + math.Exp(-sum))
		if p > 0.5 {
			labels[8*r] = 1
		}
		binary.LittleEndian.PutUint64(proba[16*r:], math.Float64bits(1-p))
		binary.LittleEndian.PutUint64(proba[16*r+8:], math.Float64bits(p))
	}
	n := int64(rows)
	return &pb.ModelInferResponse{
		ModelName: q.ModelName, ModelVersion: "1", Id: q.Id,
		Outputs: []*pb.ModelInferResponse_InferOutputTensor{
			{Name: "predict", Datatype: "INT64", Shape: []int64{n}},
			{Name: "predict_proba", Datatype: "FP64", Shape: []int64{n, 2}},
		},
		RawOutputContents: [][]byte{labels, proba},
	}, nil
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "grpc_peer:", err)
		os.Exit(1)
	}
}

func ask(address string, q *pb.ModelInferRequest) float64 {
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	fail(err)
	a, err := pb.NewGRPCInferenceServiceClient(c).ModelInfer(context.Background(), q)
	fail(err)
	return math.Float64frombits(binary.LittleEndian.Uint64(a.RawOutputContents[1][8:]))
}

func main() {
	file := 3
	if os.Args[1] == "check" {
		file = 2
	}
	bytes, err := os.ReadFile(os.Args[file])
	fail(err)
	if os.Args[1] == "check" {
		q := &pb.ModelInferRequest{}
		fail(proto.Unmarshal(bytes[5:], q))
		a, b := ask(os.Args[3], q), ask(os.Args[4], q)
		if math.Abs(a-b) > 1e-12 {
			fail(fmt.Errorf("%v and %v", a, b))
		}
		return
	}
	s := &server{}
	fail(json.Unmarshal(bytes, s))
	l, err := net.Listen("tcp", "127.0.0.1:"+os.Args[2])
	fail(err)
	g := grpc.NewServer()
	pb.RegisterGRPCInferenceServiceServer(g, s)
	fail(g.Serve(l))
}
